import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a directory and those above it that are not there. (`mkdir` of Node with `recursive` never ends where a parent is there and the system
 * still says that there is no such place, as below /proc.)
 */
export async function makeDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return
  try {
    await mkdir(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    // Somebody else made it in the meantime.
    if (code === 'EEXIST' && (await isDirectory(path))) return
    if (code !== 'ENOENT' || dirname(path) === path) throw cause
    // Once: where its parent is there, somebody has just made it, or there is no such place.
    await makeDirectory(dirname(path))
    await mkdir(path).catch(async (second: NodeJS.ErrnoException) => {
      if (second.code !== 'EEXIST' || !(await isDirectory(path))) throw second
    })
  }
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
