import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import type { Candidate, EngineName } from './candidates.js'
import { diagnose } from './diagnose.js'
import { openNodeWasmEngine } from './open-wasm-engine.js'
import { quickestFirst } from './quickest-first.js'

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'ms-figures-'))
})
afterEach(() => rm(cache, { recursive: true, force: true }))

/** Real engines of very different speed, under the names of those that somebody may have; the wasm one is the quicker by far. */
let opened: string[]
const slow = (name: EngineName): Candidate => ({
  name,
  open: async () => {
    opened.push(name)
    return createEagerEngine({ backend: 'cpu' })
  },
})
const quick = (name: EngineName): Candidate => ({
  name,
  open: async (options) => {
    opened.push(name)
    return openNodeWasmEngine(options)
  },
})
const broken = (name: EngineName): Candidate => ({
  name,
  open: async () => {
    throw new Error('no device')
  },
})
const shape = { layers: 1, width: 64, heads: 2, inner: 256, vocabulary: 100, batch: 4, tokens: 16 }
const order = async (table: readonly Candidate[], rivals: readonly EngineName[], threads = 1) => {
  opened = []
  return (await quickestFirst(table, { rivals, threads, cache, shape })).map(({ name }) => name)
}

describe('quickestFirst', () => {
  it('opens nothing where there is no rival', async () => {
    expect(await order([slow('traced'), quick('wasm')], [])).toEqual(['traced', 'wasm'])
    expect(opened).toEqual([])
  })

  it('puts the quicker of two first, and knows it the next time', async () => {
    const table = [slow('native-gpu'), quick('traced'), slow('native'), slow('wasm')]
    const found = ['traced', 'native-gpu', 'native', 'wasm']
    expect(await order(table, ['native-gpu', 'native'])).toEqual(found)
    expect(opened).toEqual(['native-gpu', 'traced'])
    expect(await order(table, ['native-gpu', 'native'])).toEqual(found)
    expect(opened).toEqual([])
  })

  it('leaves the order where the first is the quicker', async () => {
    expect(await order([quick('native-gpu'), slow('traced')], ['native-gpu'])).toEqual(['native-gpu', 'traced'])
    expect(opened).toEqual(['native-gpu', 'traced'])
  })

  it('measures anew with another number of threads, and where its file is spoilt', async () => {
    const table = [slow('native-gpu'), quick('traced')]
    await order(table, ['native-gpu'])
    await order(table, ['native-gpu'], 2)
    expect(opened).toHaveLength(2)
    const path = join(cache, 'engine-speed.json')
    await writeFile(path, (await readFile(path)).subarray(0, 40))
    expect(await order(table, ['native-gpu'])).toEqual(['traced', 'native-gpu'])
    expect(opened).toHaveLength(2)
  })

  it('has nothing to choose where one does not open', async () => {
    expect(await order([broken('native-gpu'), slow('traced')], ['native-gpu'])).toEqual(['native-gpu', 'traced'])
  })

  it('goes by what ms doctor has measured', async () => {
    const table = [slow('traced'), quick('webgpu-eager')]
    const { engines } = await diagnose({ candidates: table, threads: 1, cache, shape })
    expect(engines.map(({ usable }) => usable)).toEqual([true, true])
    expect(await order(table, [])).toEqual(['webgpu-eager', 'traced'])
    expect(opened).toEqual([])
  })
})
