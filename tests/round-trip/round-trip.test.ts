import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '../../packages/core/src/index.js'
import { directoryFiles } from '../../packages/core/src/node/index.js'
import type { Engine } from '../../packages/core/src/tensor/index.js'
import { testModel } from '../../packages/embed/src/fixtures/test-model.js'
import { tinyEncoders } from '../../packages/embed/src/fixtures/tiny-encoders.js'
import { createEmbedder, loadEncoder, type SentenceEncoder } from '../../packages/embed/src/index.js'
import { saveEncoderDirectory } from '../../packages/embed/src/node/index.js'
import { createEagerEngine } from '../../packages/runtime/src/index.js'
import { findPython, floatsOf, type Job, type Result, runPython } from './python.js'

const python = findPython()
const miniLm = testModel('all-MiniLM-L6-v2') ?? ''
const why = python ? '' : ' (skipped: no Python with sentence-transformers; name one in MS_PYTHON)'
const texts = ['How do I insert a page break?', '', '  \n', 'naïve café 🍕 中文', `[CLS] ${'long words everywhere '.repeat(120)}`, 'a']
const roles: readonly Role[] = ['query', 'document']

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.length === b.length ? a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) : Number.POSITIVE_INFINITY

describe.skipIf(!python)(`what we save loads in Python, and the other way round${why}`, () => {
  let folder: string
  let engine: Engine
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ms-round-trip-'))
    engine = await createEagerEngine({ backend: 'wasm' })
  })
  afterAll(async () => {
    await engine?.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  const ours = async (encoder: SentenceEncoder, items: readonly string[], role: Role) => {
    const embedder = await createEmbedder(encoder, { engine })
    const { data } = await embedder.embed(items, { role })
    await embedder.dispose()
    return data
  }

  /** Float32 has seven digits: vectors that are not normalised are compared relative to their largest component. */
  const expectEqual = (name: string, found: Float32Array, expected: Float32Array) => {
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
    expect(largestDifference(found, expected) / largest, name).toBeLessThan(1e-5)
  }

  const expectSameVectors = async (name: string, encoder: SentenceEncoder, items: readonly string[], result: Result) => {
    expect(result.error, name).toBeUndefined()
    for (const role of roles) expectEqual(`${name}, ${role}`, await ours(encoder, items, role), floatsOf(result[role]))
  }

  it('every tiny encoder, saved by us', async () => {
    const models: { name: string; encoder: SentenceEncoder; texts: readonly string[]; job: Job }[] = []
    for (const [i, golden] of tinyEncoders().entries()) {
      const encoder = await loadEncoder(golden.files)
      const path = join(folder, `tiny-${i}`)
      await saveEncoderDirectory(encoder, path)
      const library = encoder.parts.model2vec ? 'model2vec' : 'sentence-transformers'
      models.push({ name: golden.name, encoder, texts: golden.texts, job: { action: 'encode', path, texts: golden.texts, library } })
    }
    const results = runPython(
      python!,
      folder,
      models.map(({ job }) => job),
    )
    for (const [i, { name, encoder, texts }] of models.entries()) await expectSameVectors(name, encoder, texts, results[i])
  })

  it('new weights are what Python reads', async () => {
    const golden = tinyEncoders().find(({ name }) => name === 'two dense layers')!
    const encoder = await loadEncoder(golden.files)
    const halved = encoder.withParameters(
      new Map([...encoder.parameters].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x / 2) }])),
    )
    await saveEncoderDirectory(halved, join(folder, 'halved'))
    const [result] = runPython(python!, folder, [
      { action: 'encode', path: join(folder, 'halved'), texts, library: 'sentence-transformers' },
    ])
    await expectSameVectors('halved', halved, texts, result)
    expect(largestDifference(await ours(encoder, texts, 'query'), floatsOf(result.query))).toBeGreaterThan(1e-3)
  })

  it.skipIf(!miniLm)(`all-MiniLM-L6-v2${miniLm ? '' : ' (skipped: not fetched)'}`, { timeout: 600_000 }, async () => {
    const encoder = await loadEncoder(directoryFiles(miniLm))
    const paths = Object.fromEntries(['ours', 'new', 'old'].map((name) => [name, join(folder, `minilm-${name}`)]))
    await saveEncoderDirectory(encoder, paths['ours'])
    const [fromOurs, , , fromOriginal] = runPython(python!, folder, [
      { action: 'encode', path: paths['ours'], texts, library: 'sentence-transformers' },
      { action: 'resave', path: miniLm, to: paths['new'], layout: 'new' },
      { action: 'resave', path: paths['ours'], to: paths['old'], layout: 'old' },
      { action: 'encode', path: miniLm, texts, library: 'sentence-transformers' },
    ])
    const vectors = await ours(encoder, texts, 'document')
    for (const [name, result] of Object.entries({ 'saved by us': fromOurs, original: fromOriginal })) {
      expect(result.error, name).toBeUndefined()
      expectEqual(name, vectors, floatsOf(result.document))
    }
    for (const layout of ['new', 'old']) {
      const again = await loadEncoder(directoryFiles(paths[layout]))
      expectEqual(`saved by Python, ${layout} layout`, await ours(again, texts, 'document'), floatsOf(fromOriginal.document))
    }
  })
})
