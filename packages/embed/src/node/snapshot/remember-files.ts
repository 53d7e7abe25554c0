import type { ModelFiles } from '@ms/core'

/** A model's files with what was read of them. */
export interface RememberedFiles extends ModelFiles {
  /** Bytes by name. A file that is read again is these bytes. */
  readonly contents: ReadonlyMap<string, Uint8Array>
}

/** Keeps what is read, so that it is known of what a loaded model was made. @param known what was read already */
export function rememberFiles(files: ModelFiles, known: Iterable<readonly [string, Uint8Array]> = []): RememberedFiles {
  const contents = new Map(known)
  const reading = new Map<string, Promise<Uint8Array>>()
  const read = async (name: string): Promise<Uint8Array> => {
    const bytes = await files.read(name)
    contents.set(name, bytes)
    return bytes
  }
  return {
    location: files.location,
    contents,
    list: () => files.list(),
    read: (name) => {
      const kept = contents.get(name)
      if (kept) return Promise.resolve(kept)
      const started = reading.get(name) ?? read(name)
      reading.set(name, started)
      return started
    },
  }
}
