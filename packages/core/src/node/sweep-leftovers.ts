import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ownerOf } from './owned-name.js'

/** What another machine left on a shared disk is swept after a day without a change: nobody here can ask whether it lives. */
const abandonedMs = 24 * 60 * 60 * 1000

/**
 * Removes temporary files and folders that a process that has died left in `folder`. What a living one is writing stays.
 * @param belongs which names to look at
 */
export async function sweepLeftovers(folder: string, belongs: (name: string) => boolean): Promise<void> {
  const names: string[] = await readdir(folder).catch(() => [])
  for (const name of names) {
    const owner = belongs(name) ? ownerOf(name) : undefined
    if (!owner || owner.alive) continue
    const path = join(folder, name)
    if (owner.alive === undefined && Date.now() - (await lastChange(path)) < abandonedMs) continue
    // Whatever is in the way of tidying up is in nobody's way.
    await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** When a file, or anything in a folder, was last written to; now, where that cannot be told. */
async function lastChange(path: string): Promise<number> {
  try {
    const inside = await readdir(path, { recursive: true }).catch(() => [])
    const times = await Promise.all([path, ...inside.map((name) => join(path, name))].map(async (each) => (await stat(each)).mtimeMs))
    return Math.max(...times)
  } catch {
    return Date.now()
  }
}
