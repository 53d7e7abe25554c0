import { open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { MsError } from '../errors.js'
import { makeDirectory } from './make-directory.js'
import { ownerOf, ownerTag } from './owned-name.js'
import { sweepLeftovers } from './sweep-leftovers.js'

const unwritable = (path: string, cause: unknown) =>
  new MsError('file.unwritable', `cannot write: ${cause instanceof Error ? cause.message : cause}`, {
    where: path,
    advice: 'Choose a folder that exists or can be made, with space left, that you may write to.',
    cause,
  })

async function syncDirectory(path: string): Promise<void> {
  // Not every platform lets a directory be opened; the rename itself is still atomic there.
  const handle = await open(path, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

/**
 * Temporary file → fsync → rename: a reader sees the old file or the new one, never half. Temporary files that killed processes left in
 * the folder are removed. @throws `file.unwritable`
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const target = resolve(path)
  const temporary = join(dirname(target), `.${ownerTag()}.tmp`)
  try {
    await makeDirectory(dirname(target))
    await sweepLeftovers(dirname(target), (name) => name.startsWith('.'))
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, target)
    await syncDirectory(dirname(target))
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw unwritable(path, cause)
  }
}

/** Whether a name is that of `target` and an owner's, and not that of a longer name's owner. */
const isBeside = (name: string, target: string): boolean => {
  const rest = name.startsWith(`${basename(target)}.`) ? name.slice(basename(target).length) : ''
  return rest !== '' && ownerOf(rest) !== undefined && rest.split('.').length === 3
}

/**
 * Puts back what `replaceDirectory` had moved aside when the process died between its two renames.
 * @param patience how often to look again, 20 ms apart, while the writer may be alive
 * @returns whether there is a directory at `path` now
 */
export async function restoreDirectory(path: string, patience = 10): Promise<boolean> {
  const target = resolve(path)
  const siblings: string[] = await readdir(dirname(target)).catch(() => [])
  if (siblings.includes(basename(target))) return true
  const aside = siblings.find((name) => isBeside(name, target) && ownerOf(name)?.kind === 'old')
  if (!aside) return false
  if (patience > 0 && ownerOf(aside)?.alive) {
    // A living writer is between its two renames: the new directory is there in a moment.
    await new Promise((done) => setTimeout(done, 20))
    return restoreDirectory(path, patience - 1)
  }
  return rename(join(dirname(target), aside), target).then(
    () => true,
    () => false,
  )
}

/**
 * Fills a new directory beside `path` and moves it there in one step when `fill` is done; what was there is replaced.
 * When `fill` fails or the process dies, `path` is as it was; what killed processes left beside it is removed at the next call.
 * @throws `file.unwritable`
 */
export async function replaceDirectory(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const target = resolve(path)
  const suffix = ownerTag()
  const temporary = `${target}.${suffix}.tmp`
  // First: what was moved aside may be all there is, and is then no leftover.
  await restoreDirectory(path).catch(() => undefined)
  await sweepLeftovers(dirname(target), (name) => isBeside(name, target))
  try {
    await makeDirectory(temporary)
  } catch (cause) {
    throw unwritable(path, cause)
  }
  try {
    await fill(temporary)
    const old = `${target}.${suffix}.old`
    const hadOld = await rename(target, old).then(
      () => true,
      () => false,
    )
    await rename(temporary, target)
    await syncDirectory(dirname(target))
    if (hadOld) await rm(old, { recursive: true, force: true })
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    await restoreDirectory(path, 0)
    throw MsError.isInstance(cause) ? cause : unwritable(path, cause)
  }
}
