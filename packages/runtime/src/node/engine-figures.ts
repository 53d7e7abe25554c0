import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus, platform } from 'node:os'
import { join } from 'node:path'
import { writeFileAtomic } from '@ms/core/node'
import type { EngineName } from './candidates.js'
import { graphicsCards } from './graphics-cards.js'

/** Seconds that a training step took, by engine. */
export type EngineFigures = Readonly<Partial<Record<EngineName, number>>>

const pathIn = (cache: string) => join(cache, 'engine-speed.json')

/** What figures are true of: another machine, card, number of threads or version measures anew. */
async function keyOf(threads: number): Promise<string> {
  const { version } = createRequire(import.meta.url)('@ms/runtime/package.json') as { version: string }
  const cards = (await graphicsCards()).map(({ name, driver }) => [name, driver])
  return JSON.stringify([platform(), arch(), cpus()[0]?.model.trim(), availableParallelism(), cards, threads, process.version, version])
}

async function readAll(cache: string): Promise<Record<string, EngineFigures>> {
  try {
    const all: unknown = JSON.parse(await readFile(pathIn(cache), 'utf8'))
    return typeof all === 'object' && all !== null ? { ...all } : {}
  } catch {
    // None yet, or spoilt: measured anew.
    return {}
  }
}

/** What was measured on this machine with so many threads; nothing, if nothing was. */
export async function readFigures(threads: number, cache: string): Promise<EngineFigures> {
  const all = await readAll(cache)
  // Asking for graphics cards takes longer than all the rest.
  if (Object.keys(all).length === 0) return {}
  const own = all[await keyOf(threads)]
  if (typeof own !== 'object' || own === null) return {}
  return Object.fromEntries(Object.entries(own).filter(([, seconds]) => typeof seconds === 'number' && seconds > 0))
}

/** Keeps figures beside those of other engines. A cache folder that cannot be written to does no harm. */
export async function keepFigures(figures: EngineFigures, threads: number, cache: string): Promise<void> {
  const [all, key] = [await readAll(cache), await keyOf(threads)]
  const text = JSON.stringify({ ...all, [key]: { ...all[key], ...figures } }, null, 2)
  await writeFileAtomic(pathIn(cache), text).catch(() => undefined)
}
