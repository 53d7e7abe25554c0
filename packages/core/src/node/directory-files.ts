import { readdir, readFile } from 'node:fs/promises'
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
      const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
        throw new MsError('file.missing', 'there is no such folder', { where: path, advice: 'Check the path.', cause })
      })
      return entries
        .filter((entry) => entry.isFile() || entry.isSymbolicLink())
        .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .sort()
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
