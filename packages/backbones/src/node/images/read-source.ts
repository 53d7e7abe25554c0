import { readFile, stat } from 'node:fs/promises'
import { type ImageSource, MsError } from '@ms/core'
import type { DecodeLimits } from './decode-limits.js'

/** A picture's file, found but not read yet. */
export interface FoundSource {
  /** Equal for the same file in the same state; undefined for bytes. */
  readonly identity?: string
  /** @throws `picture.unreadable` */
  read(): Promise<Uint8Array>
}

/** @throws `picture.unreadable`, `picture.too-large` before anything is read */
export async function findSource(source: ImageSource, limits: Required<DecodeLimits>): Promise<FoundSource> {
  if (typeof source !== 'string') return { read: async () => source }
  const unreadable = (what: string, cause?: unknown) =>
    new MsError('picture.unreadable', what, { where: source, advice: 'Check the path and that you may read it.', cause })
  const failed = (cause: unknown): never => {
    throw unreadable(`cannot be read: ${cause instanceof Error ? cause.message : cause}`, cause)
  }
  const status = await stat(source).catch(failed)
  if (!status.isFile()) throw unreadable('it is no file')
  if (status.size > limits.bytes) throw tooLarge(`${status.size} bytes, the limit is ${limits.bytes}`, source)
  return {
    identity: [source, status.dev, status.ino, status.size, status.mtimeMs].join('\0'),
    read: () => readFile(source).catch(failed),
  }
}

export const tooLarge = (what: string, where: string) =>
  new MsError('picture.too-large', what, { where, advice: 'Shrink the picture, or raise the limit if you trust where it is from.' })
