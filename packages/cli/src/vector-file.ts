import { access, type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MsError, type Vectors } from '@ms/core'
import { makeDirectory, writeFileAtomic } from '@ms/core/node'

/** Bytes of the header: enough for any number of rows, so that it can be completed when that is known. */
const headerBytes = 128

/** Header of a version 1.0 `.npy` file: little-endian float32, C order. */
function npyHeader(count: number, dim: number): Uint8Array {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, ${dim}), }`
  const bytes = new Uint8Array(headerBytes)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, headerBytes - 10, 0])
  bytes.set(new TextEncoder().encode(`${dictionary.padEnd(headerBytes - 11)}\n`), 10)
  return bytes
}

export interface VectorFileOptions {
  readonly dim: number
  /** What the vectors are of: another one is another file. */
  readonly signature: string
  /** Goes on with what an interrupted run has left. Default: false, from the beginning. */
  readonly resume?: boolean
}

/** A `.npy` file that grows, with `.ids.txt` beside it. Both have other names until they are whole. */
export interface VectorFile {
  /** Ids of the rows that an interrupted run has left, in their order. */
  readonly present: readonly string[]
  /** Outlives the process when this resolves. @throws `file.unwritable`, `encode.id` for an id that is no line */
  append(ids: readonly string[], vectors: Vectors): Promise<void>
  /** Gives both files their names. */
  finish(): Promise<void>
  /** Leaves what is there for another run; nothing, if there is no row yet. */
  close(): Promise<void>
}

/**
 * Opens `path` for writing rows.
 * @throws `file.unwritable`; `encode.resume` when what is left is of another model, input or role
 */
export async function openVectorFile(path: string, { dim, signature, resume = false }: VectorFileOptions): Promise<VectorFile> {
  const target = resolve(path)
  const idsTarget = `${target.replace(/\.npy$/, '')}.ids.txt`
  const [vectorsPath, idsPath, notePath] = [`${target}.partial`, `${idsTarget}.partial`, `${target}.partial.json`]
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      if (MsError.isInstance(cause) || !(cause as NodeJS.ErrnoException).code) throw cause
      throw new MsError('file.unwritable', `cannot write: ${(cause as Error).message}`, {
        where: path,
        advice: 'Choose a folder that you may write to, with space left.',
        cause,
      })
    }
  }
  const rowBytes = dim * Float32Array.BYTES_PER_ELEMENT

  const begin = async () => {
    await makeDirectory(dirname(target))
    await rm(notePath, { force: true })
    const files = [await open(vectorsPath, 'w'), await open(idsPath, 'w')] as const
    await files[0].write(npyHeader(0, dim))
    await writeFileAtomic(notePath, signature)
    return { files, present: [] as string[] }
  }

  /** The signature of an interrupted run that has left both files. */
  const leftover = async () => {
    const there = await Promise.all(
      [vectorsPath, idsPath].map((each) =>
        access(each).then(
          () => true,
          () => false,
        ),
      ),
    )
    return there.every(Boolean) ? readFile(notePath, 'utf8').catch(() => undefined) : undefined
  }

  /** Rows and ids that are whole in both files; what is beyond, half a row, is cut off. */
  const goOn = async () => {
    const files = [await open(vectorsPath, 'r+'), await open(idsPath, 'r+')] as const
    const rows = Math.max(0, Math.floor(((await files[0].stat()).size - headerBytes) / rowBytes))
    const { ids, bytes } = await wholeLines(idsPath, rows)
    await files[0].truncate(headerBytes + ids.length * rowBytes)
    await files[1].truncate(bytes)
    return { files, present: ids }
  }

  return guarded(async () => {
    const left = resume ? await leftover() : undefined
    if (left !== undefined && left !== signature) {
      throw new MsError('encode.resume', 'what an interrupted run has left is of another model, input or setting', {
        where: vectorsPath,
        advice: 'Repeat the command as it was, or leave --resume out to begin anew.',
      })
    }
    const { files, present } = left === undefined ? await begin() : await goOn()
    const [vectorsFile, idsFile]: readonly FileHandle[] = files
    let rows = present.length
    let idsAt = (await idsFile.stat()).size
    return {
      present,
      append: (ids, { data, count }) =>
        guarded(async () => {
          const broken = ids.find((id) => /[\r\n]/.test(id))
          if (broken !== undefined) {
            throw new MsError('encode.id', `the id ${JSON.stringify(broken)} has a line break, and ids are written a line each`, {
              where: idsTarget,
              advice: 'Give it another id (a picture: another name).',
            })
          }
          const text = new TextEncoder().encode(ids.map((id) => `${id}\n`).join(''))
          await writeAll(vectorsFile, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), headerBytes + rows * rowBytes)
          await writeAll(idsFile, text, idsAt)
          rows += count
          idsAt += text.length
        }),
      finish: () =>
        guarded(async () => {
          await writeAll(vectorsFile, npyHeader(rows, dim), 0)
          for (const file of files) await file.sync()
          for (const file of files) await file.close()
          await rename(idsPath, idsTarget)
          await rename(vectorsPath, target)
          await rm(notePath, { force: true })
        }),
      close: async () => {
        for (const file of files) await file.close().catch(() => undefined)
        if (rows === 0) for (const each of [notePath, idsPath, vectorsPath]) await rm(each, { force: true })
      },
    }
  })
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten
}

/** The first lines of a file that have an end, at most `count`, and how many bytes they are. */
async function wholeLines(path: string, count: number): Promise<{ ids: string[]; bytes: number }> {
  const ids = (await readFile(path, 'utf8')).split('\n').slice(0, -1).slice(0, count)
  return { ids, bytes: ids.reduce((sum, id) => sum + Buffer.byteLength(id) + 1, 0) }
}
