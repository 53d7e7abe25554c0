import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MsError, type Vectors } from '@ms/core'

/** Header of a version 1.0 `.npy` file: little-endian float32, C order. */
function header(count: number, dim: number): Uint8Array {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, ${dim}), }`
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64
  const text = `${dictionary.padEnd(length - 11)}\n`
  const bytes = new Uint8Array(length)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (length - 10) & 255, (length - 10) >> 8])
  bytes.set(new TextEncoder().encode(text), 10)
  return bytes
}

/**
 * Writes vectors as they come into one `.npy` file, which is there whole or not at all.
 * @param count rows that will come
 * @throws `file.unwritable`; `vectors.shape` when another number of rows came
 */
export async function writeNpy(path: string, count: number, dim: number, parts: AsyncIterable<Vectors>): Promise<void> {
  const target = resolve(path)
  const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await mkdir(dirname(target), { recursive: true })
    const file = await open(temporary, 'wx')
    try {
      await file.write(header(count, dim))
      let rows = 0
      for await (const part of parts) {
        await file.write(new Uint8Array(part.data.buffer, part.data.byteOffset, part.data.byteLength))
        rows += part.count
      }
      if (rows !== count) throw new MsError('vectors.shape', `${rows} vectors came instead of ${count}`, { where: path, kind: 'failure' })
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    if (MsError.isInstance(cause) || !(cause as NodeJS.ErrnoException).code) throw cause
    throw new MsError('file.unwritable', `cannot write: ${(cause as Error).message}`, {
      where: path,
      advice: 'Choose a folder that you may write to.',
      cause,
    })
  }
}
