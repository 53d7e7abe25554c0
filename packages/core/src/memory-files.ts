import { MsError } from './errors.js'
import type { ModelFiles } from './model-files.js'

/** Files held in memory: the simplest `ModelFiles`, for tests and for handing a model around without a disk. */
export function memoryFiles(entries: Readonly<Record<string, Uint8Array | string>> = {}, location = 'memory'): Required<ModelFiles> {
  const files = new Map<string, Uint8Array>()
  for (const [name, content] of Object.entries(entries))
    files.set(name, typeof content === 'string' ? new TextEncoder().encode(content) : content)
  return {
    location,
    list: async () => [...files.keys()].sort(),
    read: async (name) => {
      const bytes = files.get(name)
      if (!bytes) throw new MsError('file.missing', `there is no file ${name}`, { where: location })
      return bytes
    },
    write: async (name, bytes) => {
      files.set(name, bytes.slice())
    },
  }
}
