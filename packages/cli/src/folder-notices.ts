import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Data, DataNotice } from '@ms/core'

const mostNamed = 5

/** Folders that ought to be classes and have no picture in them. */
export async function folderNotices(path: string, data: Data): Promise<DataNotice[]> {
  if (data.kind !== 'labelled' || data.modalities?.[0] !== 'image') return []
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  // Where a list names the classes, folders are none.
  if (entries.some(({ name }) => name === 'metadata.jsonl')) return []
  const classes = new Set(data.labels)
  const isFolder = async (entry: Dirent) =>
    entry.isDirectory() || (entry.isSymbolicLink() && (await stat(join(path, entry.name)).catch(() => undefined))?.isDirectory() === true)
  const empty: string[] = []
  for (const entry of entries) {
    if (!entry.name.startsWith('.') && !classes.has(entry.name) && (await isFolder(entry))) empty.push(entry.name)
  }
  if (empty.length === 0) return []
  const named = empty.sort().slice(0, mostNamed).join(', ')
  const rest = empty.length > mostNamed ? ` and ${empty.length - mostNamed} more` : ''
  return [
    {
      code: 'data.empty-class',
      message: `${empty.length} ${empty.length === 1 ? 'folder has' : 'folders have'} no picture and so no class: ${named}${rest}`,
    },
  ]
}
