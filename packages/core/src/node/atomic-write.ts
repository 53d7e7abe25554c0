import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { MsError } from '../errors.js'

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

/** Temporary file → fsync → rename: a reader sees the old file or the new one, never half. @throws `file.unwritable` */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const target = resolve(path)
  const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await mkdir(dirname(target), { recursive: true })
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

/**
 * Puts back what `replaceDirectory` had moved aside when the process died between its two renames.
 * @returns whether there is a directory at `path` now
 */
export async function restoreDirectory(path: string): Promise<boolean> {
  const target = resolve(path)
  const siblings: string[] = await readdir(dirname(target)).catch(() => [])
  if (siblings.includes(basename(target))) return true
  const aside = siblings.find((name) => name.startsWith(`${basename(target)}.`) && /\.[0-9a-f]{12}\.old$/.test(name))
  if (!aside) return false
  await rename(join(dirname(target), aside), target)
  return true
}

/**
 * Fills a new directory beside `path` and moves it there in one step when `fill` is done; what was there is replaced.
 * When `fill` fails or the process dies, `path` is as it was. @throws `file.unwritable`
 */
export async function replaceDirectory(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const target = resolve(path)
  const suffix = randomBytes(6).toString('hex')
  const temporary = `${target}.${suffix}.tmp`
  try {
    await mkdir(temporary, { recursive: true })
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
    throw MsError.isInstance(cause) ? cause : unwritable(path, cause)
  }
}
