import { closeSync, constants, fstatSync, open, read } from 'node:fs'
import { promisify } from 'node:util'
import { type ImageSource, MsError } from '@ms/core'
import type { DecodeLimits } from './decode-limits.js'
import type { ReadBuffers } from './read-buffers.js'

// A picture costs three milliseconds, and each trip of a `FileHandle` to another thread and back .07 of them: what may wait for a disk
// (opening, reading) makes one, what is known of an open file none.
const [openFile, readFile] = [promisify(open), promisify(read)]

/** A picture's file, opened but not read yet. */
export interface OpenedSource {
  /** Equal for the same file in the same state; undefined for bytes. */
  readonly identity?: string
  /** Valid until `close`. @throws `picture.unreadable` */
  read(): Promise<Uint8Array>
  close(): void
}

/** @throws `picture.unreadable`, `picture.too-large` before anything is read */
export async function openSource(source: ImageSource, limits: Required<DecodeLimits>, buffers: ReadBuffers): Promise<OpenedSource> {
  if (typeof source !== 'string') return { read: async () => source, close: () => undefined }
  const failed = (cause: unknown): never => {
    throw unreadable(source, `cannot be read: ${cause instanceof Error ? cause.message : cause}`, cause)
  }
  // Without waiting: a named pipe would keep one until somebody writes to it.
  const file = await openFile(source, constants.O_RDONLY | constants.O_NONBLOCK).catch(failed)
  try {
    const status = fstatSync(file)
    if (!status.isFile()) throw unreadable(source, 'it is no file')
    if (status.size > limits.bytes) throw tooLarge(`${status.size} bytes, the limit is ${limits.bytes}`, source)
    let buffer: Buffer | undefined
    return {
      identity: [source, status.dev, status.ino, status.size, status.mtimeMs].join('\0'),
      read: async () => {
        buffer = buffers.take(status.size)
        const { bytesRead } = await readFile(file, buffer, 0, status.size, 0).catch(failed)
        return buffer.subarray(0, bytesRead)
      },
      close: () => {
        closeSync(file)
        if (buffer) buffers.give(buffer)
      },
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

const unreadable = (where: string, what: string, cause?: unknown) =>
  new MsError('picture.unreadable', what, { where, advice: 'Check the path and that you may read it.', cause })

export const tooLarge = (what: string, where: string) =>
  new MsError('picture.too-large', what, { where, advice: 'Shrink the picture, or raise the limit if you trust where it is from.' })
