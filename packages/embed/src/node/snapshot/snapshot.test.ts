import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryFiles } from '@ms/core/node'
import { openEngine } from '@ms/runtime/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmbedder } from '../../embedder.js'
import { traced, whyNotTraced } from '../../fixtures/engines.js'
import { tinyEncoder } from '../../fixtures/tiny-encoders.js'
import { openEncoder } from '../open-encoder.js'
import { openSnapshot, type SnapshotEncoder } from './open-snapshot.js'
import { rememberFiles } from './remember-files.js'
import { takeSnapshot } from './take-snapshot.js'

const networks = ['mean, normalised', 'pooling cls without the prompt', 'prompts', 'dense gelu', 'do_lower_case', 'cut off on the left']
const tables = ['static, normalised', 'model2vec, without modules.json']

let folder: string
let cacheDir: string
let model: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-snapshot-'))
  cacheDir = join(folder, 'cache')
  model = join(folder, 'model')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Writes a golden case to `model`, as it was published. */
async function publish(name: string): Promise<readonly string[]> {
  const golden = tinyEncoder(name)
  const target = directoryFiles(model)
  for (const file of await golden.files.list()) await target.write(file, await golden.files.read(file))
  return golden.texts
}

async function take(): Promise<SnapshotEncoder | undefined> {
  const files = rememberFiles(directoryFiles(model))
  return takeSnapshot(await openEncoder(files), files, { threads: 1, cacheDir })
}

const open = () => openSnapshot(directoryFiles(model), { threads: 1, cacheDir })

async function vectorsOf(encoder: SnapshotEncoder | undefined, texts: readonly string[]) {
  if (!encoder) throw new Error('there is no snapshot')
  const embedder = await createEmbedder(encoder)
  const found = await Promise.all((['query', 'document'] as const).map((role) => embedder.embed(texts, { role })))
  await embedder.dispose()
  await encoder.dispose()
  return { space: embedder.space, data: found.flatMap(({ data }) => [...data]) }
}

/** The one file of that name in the cache. */
const kept = async (name: string) => {
  const [entry] = await readdir(join(cacheDir, 'snapshots'))
  return join(cacheDir, 'snapshots', entry, name)
}

describe.skipIf(!traced)(`takeSnapshot and openSnapshot${whyNotTraced}`, () => {
  it.each([...networks, ...tables])('%s: embeds as the model does, in its space; the next process to the bit', async (name) => {
    const texts = await publish(name)
    const encoder = await openEncoder(model)
    const embedder = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
    const expected = (await Promise.all((['query', 'document'] as const).map((role) => embedder.embed(texts, { role })))).flatMap(
      ({ data }) => [...data],
    )
    await embedder.dispose()
    expect(await open()).toBeUndefined()
    const first = await vectorsOf(await take(), texts)
    const next = await vectorsOf(await open(), texts)
    expect(first.space).toBe(embedder.space)
    expect(next).toEqual(first)
    for (const [i, value] of expected.entries()) expect(Math.abs(first.data[i] - value)).toBeLessThan(1e-5)
    if (tables.includes(name)) expect(first.data).toEqual(expected)
  })

  it('keeps no weights: they are read from the model', async () => {
    await publish('mean, normalised')
    await (await take())?.dispose()
    const weights = await readFile(join(model, 'model.safetensors'))
    const graph = await readFile(await kept('graph.onnx'))
    expect(graph.includes('model.safetensors')).toBe(true)
    // The first kilobyte of weights, behind the header, lies in no other place.
    const start = 8 + Number(weights.readBigUInt64LE(0))
    expect(graph.includes(weights.subarray(start, start + 1024))).toBe(false)
  })

  it('makes nothing of a model that ends in what needs TensorFlow.js', async () => {
    await publish('static, dense')
    expect(await take()).toBeUndefined()
  })

  it.each([
    ['a weight is another', () => spoil(join(model, 'model.safetensors'))],
    [
      'the tokeniser is another',
      async () => spoil(join(model, (await readdir(model)).includes('tokenizer.json') ? 'tokenizer.json' : 'vocab.txt')),
    ],
    ['there is a file more', () => writeFile(join(model, 'more.json'), '{}')],
    ['the weights are gone', () => rm(join(model, 'model.safetensors'))],
    ['its graph is another', async () => spoil(await kept('graph.onnx'))],
    [
      'its record is cut off',
      async () => writeFile(await kept('snapshot.json'), (await readFile(await kept('snapshot.json'))).subarray(0, 99)),
    ],
    ['another version made it', async () => edit(await kept('snapshot.json'), (text) => text.replace(/"build":"\d+/, '"build":"0'))],
    ['its graph is gone', async () => rm(await kept('graph.onnx'))],
  ])('is not used where %s', async (_, change) => {
    await publish('mean, normalised')
    await (await take())?.dispose()
    await (await open())?.dispose()
    expect(await open()).toBeDefined()
    await change()
    expect(await open()).toBeUndefined()
  })

  it('is made anew after a change, and then used again', async () => {
    const texts = await publish('mean, normalised')
    const first = await vectorsOf(await take(), texts)
    await edit(join(model, 'modules.json'), (text) => JSON.stringify((JSON.parse(text) as unknown[]).slice(0, -1)))
    expect(await open()).toBeUndefined()
    const second = await vectorsOf(await take(), texts)
    expect(second.space).not.toBe(first.space)
    expect(await vectorsOf(await open(), texts)).toEqual(second)
  })

  it('does without a cache folder that cannot be written to', async () => {
    const texts = await publish('mean, normalised')
    await writeFile(cacheDir, 'no folder')
    expect((await vectorsOf(await take(), texts)).data.length).toBeGreaterThan(0)
    expect(await open()).toBeUndefined()
  })

  it('keeps the snapshots of fifty models', async () => {
    await publish('static, normalised')
    await (await take())?.dispose()
    const root = join(cacheDir, 'snapshots')
    const old = Array.from({ length: 60 }, (_, i) => String(i).padStart(32, '0'))
    for (const [i, name] of old.entries()) {
      await writeFile(join(root, name), '')
      await utimes(join(root, name), i, i)
    }
    await (await take())?.dispose()
    const left = await readdir(root)
    expect(left).toHaveLength(50)
    expect(left).not.toContain(old[10])
    expect(left).toContain(old[11])
    expect(await open()).toBeDefined()
  })
})

async function spoil(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[bytes.length - 9] ^= 1
  await writeFile(path, bytes)
}

const edit = async (path: string, change: (text: string) => string) => writeFile(path, change(await readFile(path, 'utf8')))
