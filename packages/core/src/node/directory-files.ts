import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize, relative, sep } from 'node:path'
import { MsError } from '../errors.js'
import type { ModelFiles } from '../model-files.js'
import { writeFileAtomic } from './atomic-write.js'

/** The files below a directory. A name that would leave it (`../x`, an absolute path) is refused. */
export function directoryFiles(path: string): Required<ModelFiles> {
  const inside = (name: string): string => {
    const normal = normalize(name)
    if (isAbsolute(normal) || normal === '..' || normal.startsWith(`..${sep}`)) {
      throw new MsError('file.outside', `the name ${name} leads out of the folder`, { where: path })
    }
    return join(path, normal)
  }
  return {
    location: path,
    list: async () => {
      const found = await filesBelow(path).catch((cause: unknown) => {
        throw new MsError('file.missing', 'there is no such folder', { where: path, advice: 'Check the path.', cause })
      })
      return found.map((file) => relative(path, file).split(sep).join('/')).sort()
    },
    read: async (name) => {
      try {
        const bytes = await readFile(inside(name))
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      } catch (cause) {
        if (MsError.isInstance(cause)) throw cause
        const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
        throw new MsError(
          missing ? 'file.missing' : 'file.unreadable',
          missing ? 'there is no such file' : `cannot read: ${(cause as Error).message}`,
          {
            where: join(path, name),
            cause,
          },
        )
      }
    },
    write: (name, bytes) => writeFileAtomic(inside(name), bytes),
  }
}

/**
 * Files and links to them, in linked folders, too.
 *
 * @param above real paths of the folders on the way here: a link to one of them is not followed
 */
async function filesBelow(folder: string, above: ReadonlySet<string> = new Set()): Promise<string[]> {
  const real = await realpath(folder)
  const onTheWay = new Set(above).add(real)
  const found: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    const linked = entry.isSymbolicLink() && (await stat(path).catch(() => undefined))?.isDirectory() === true
    if (!entry.isDirectory() && !linked) {
      if (entry.isFile() || entry.isSymbolicLink()) found.push(path)
    } else if (!linked || !onTheWay.has(await realpath(path))) found.push(...(await filesBelow(path, onTheWay)))
  }
  return found
}
