import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ModelFiles, MsError, row } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { openEngine } from '@ms/runtime/node'
import { openOnnxModel } from '@ms/runtime/node/onnx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbedder } from '../embedder.js'
import { encoderSpace } from '../encoder-space.js'
import { traced, whyNotTraced } from '../fixtures/engines.js'
import { testModel } from '../fixtures/test-model.js'
import { tinyEncoder, tinyEncoders } from '../fixtures/tiny-encoders.js'
import { loadEncoder } from '../load-encoder.js'
import { dense } from '../modules/dense.js'
import { exportOnnxDirectory } from '../node/export-onnx-directory.js'
import { openExportedEncoder } from '../node/open-exported-encoder.js'
import { sequenceProcessor } from '../text-processor.js'
import { type ExportOnnxOptions, exportOnnx } from './export-onnx.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-export-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function memory(): Required<ModelFiles> & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>()
  return {
    files,
    location: 'memory',
    list: async () => [...files.keys()].sort(),
    read: async (name) => files.get(name) ?? new Uint8Array(),
    write: async (name, bytes) => {
      files.set(name, bytes)
    },
  }
}

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Number.POSITIVE_INFINITY)

/** What a graph can go wrong in: poolings, prompts that are not pooled, heads, tokenisers, tables. */
const cases = [
  'mean, normalised',
  'pooling cls without the prompt',
  'pooling all',
  'prompts',
  'dense gelu',
  'two dense layers',
  'dense over tokens',
  'layer norm and dropout',
  'do_lower_case',
  'cut off on the left',
  'static, normalised',
  'static, dense',
  'model2vec, without modules.json',
]

describe.skipIf(!traced)(`exportOnnx${whyNotTraced}`, () => {
  it.each(cases)('%s: the graph gives the vectors of Python', async (name) => {
    const golden = tinyEncoder(name)
    const encoder = await loadEncoder(golden.files)
    const target = memory()
    await exportOnnx(encoder, target)
    const graph = await openOnnxModel(await target.read('onnx/model.onnx'), { threads: 1 })
    const { parts } = encoder
    const markPrompt = parts.modules.some(({ config }) => config?.['include_prompt'] === false)
    for (const { role, vectors } of golden.expected) {
      // Tables are padded in the graph, and have no special tokens: their own processor cuts, this one stacks.
      const prepared = await encoder.processor.prepare([...golden.texts], role)
      const { collate } = sequenceProcessor({
        tokenizer: parts.tokenizer,
        prompts: { query: '', document: '' },
        maxLength: parts.maxLength,
        markPrompt,
        padToMultiple: 1,
        positions: Number.POSITIVE_INFINITY,
      })
      const { data, shape } = await graph.run(collate(prepared), 'sentence_embedding')
      expect(shape).toEqual([golden.texts.length, encoder.dim])
      expect(farthest(data, vectors)).toBeLessThan(1e-5)
    }
    await graph.release()
  })

  it('is opened again as an encoder of the same space, which embeds the same and is not trained', async () => {
    const encoder = await loadEncoder(tinyEncoders()[0].files)
    const engine = await openEngine({ backend: 'traced', threads: 1 })
    const target = memory()
    await exportOnnx(encoder, target)
    const exported = await openExportedEncoder(target, { threads: 1 })
    expect(await encoderSpace(exported)).toBe(await encoderSpace(encoder))
    const [ours, theirs] = [await createEmbedder(encoder, { engine }), await createEmbedder(exported)]
    const texts = ['', 'apple', 'a red house in the green field', 'bread']
    for (const role of ['query', 'document'] as const) {
      expect(farthest((await theirs.embed(texts, { role })).data, (await ours.embed(texts, { role })).data)).toBeLessThan(1e-5)
    }
    expect(() => exported.withParameters(new Map())).toThrow(expect.objectContaining({ code: 'encoder.exported' }))
    await expect(loadEncoder(target)).rejects.toMatchObject({ code: 'encoder.exported' })
    await Promise.all([ours.dispose(), theirs.dispose()])
    await exported.dispose()
    await engine.dispose()
  })

  it('notices a graph, a tokeniser and a manifest that were changed', async () => {
    const encoder = await loadEncoder(tinyEncoders()[0].files)
    const target = memory()
    await exportOnnx(encoder, target)
    const changed = (name: string, change: (bytes: Uint8Array) => Uint8Array): ModelFiles => ({
      ...target,
      read: async (each) => (each === name ? change(await target.read(each)) : target.read(each)),
    })
    const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length - 40 ? byte ^ 1 : byte))
    for (const name of ['onnx/model.onnx', 'tokenizer.json']) {
      await expect(openExportedEncoder(changed(name, flipped))).rejects.toMatchObject({
        code: expect.stringMatching(/^(encoder.damaged|engine.failed)$/),
      })
    }
    const text = (value: string) => () => new TextEncoder().encode(value)
    await expect(openExportedEncoder(changed('onnx/exported.json', text('{')))).rejects.toMatchObject({ code: 'config.malformed' })
    await expect(openExportedEncoder(changed('onnx/exported.json', text('{"version":2}')))).rejects.toMatchObject({
      code: 'config.invalid',
    })
  })

  it('says in the tokeniser’s files how long a text may be, for whoever reads these alone', async () => {
    const encoder = await loadEncoder(tinyEncoder('mean, normalised').files, { maxLength: 7 })
    const target = memory()
    await exportOnnx(encoder, target)
    const json = async (name: string) => JSON.parse(new TextDecoder().decode(await target.read(name)))
    expect(await json('tokenizer.json')).toMatchObject({ truncation: { max_length: 7, direction: 'Right' } })
    expect(await json('tokenizer_config.json')).toMatchObject({ model_max_length: 7 })
    expect(await json('sentence_bert_config.json')).toMatchObject({ max_seq_length: 7 })
  })

  describe('in eight bits', () => {
    /** With a layer that is large enough to be worth it. */
    const wide = async () => {
      const encoder = await loadEncoder(tinyEncoder('mean, normalised').files)
      const [pooled] = encoder.parts.modules
      const [inFeatures, outFeatures] = [encoder.dim, 1024]
      const layer = dense({ inFeatures, outFeatures, bias: false, activation: 'identity' }, pooled.widths)
      const data = Float32Array.from({ length: inFeatures * outFeatures }, (_, i) => Math.sin(i * i))
      return encoder.withModules(
        [pooled, layer],
        new Map(encoder.parameters).set('2_Dense.linear.weight', { shape: [outFeatures, inFeatures], data }),
      )
    }
    const quantized = async (options: Pick<ExportOnnxOptions, 'open'>) => {
      const target = memory()
      await exportOnnx(await wide(), target, { quantize: 'int8', ...options })
      return new TextDecoder('latin1').decode(await target.read('onnx/model_quantized.onnx'))
    }
    /** What finds scales of rows. */
    const byRows = 'ReduceMax'

    it('finds ranges beforehand where something can run graphs', async () => {
      expect(await quantized({ open: openOnnxModel })).not.toContain(byRows)
      expect(await quantized({})).toContain(byRows)
    })

    it('does without where ONNX Runtime is not installed', async () => {
      const open = () => Promise.reject(new MsError('engine.unusable', 'it is not installed'))
      expect(await quantized({ open })).toBe(await quantized({}))
    })

    it('keeps scales of rows where vectors stay closer with them', async () => {
      const open: NonNullable<ExportOnnxOptions['open']> = async (graph) => {
        const session = await openOnnxModel(graph)
        const text = new TextDecoder('latin1').decode(graph)
        if (text.includes(byRows) || !text.includes('MatMulIntegerToFloat')) return session
        const run: typeof session.run = async (...given) => {
          const { shape, data } = await session.run(...given)
          return { shape, data: data.map((value, i) => (i % 2 ? value : 0)) }
        }
        return { ...session, run }
      }
      expect(await quantized({ open })).toBe(await quantized({}))
    })

    it('says what else goes wrong', async () => {
      const open = () => Promise.reject(new MsError('engine.failed', 'there is no memory'))
      await expect(quantized({ open })).rejects.toMatchObject({ code: 'engine.failed' })
    })
  })

  it.each(['mean, normalised', 'static, normalised'])('replaces an earlier export of "%s", and no other folder', async (name) => {
    const encoder = await loadEncoder(tinyEncoder(name).files)
    const path = join(folder, 'shipped', name)
    await exportOnnxDirectory(encoder, path)
    const written = await directoryFiles(path).list()
    await exportOnnxDirectory(encoder, path)
    expect(await directoryFiles(path).list()).toEqual(written)
    await writeFile(join(folder, 'notes.txt'), 'mine')
    await expect(exportOnnxDirectory(encoder, folder)).rejects.toMatchObject({ code: 'onnx.folder' })
    expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('mine')
  })
})

const miniLm = testModel('all-MiniLM-L6-v2')
const whyNot = miniLm ? whyNotTraced : ' (skipped: all-MiniLM-L6-v2 is not fetched; run node scripts/fetch-test-models.mjs)'

describe.skipIf(!miniLm || !traced)(`all-MiniLM-L6-v2 in eight bits${whyNot}`, () => {
  it('stays close, whatever else is in the batch', { timeout: 300_000 }, async () => {
    const encoder = await loadEncoder(directoryFiles(miniLm ?? ''))
    const path = join(folder, 'minilm')
    await exportOnnxDirectory(encoder, path, { quantize: 'int8' })
    const exported = await openExportedEncoder(path, { threads: 1 })
    const plain = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
    const served = await createEmbedder(exported)
    expect(exported.precision).toBe('int8')
    expect(served.space).not.toBe(plain.space)
    const texts = [
      'how do I start on a new page',
      'Rows and columns can be frozen so that they stay visible.',
      '东京 emoji 😀 and 12345 !!! ###',
      'Formatting paragraphs: alignment, indents, spacing, tabs, borders, and drop caps '.repeat(4),
      'macro',
    ]
    const [wanted, together] = [await plain.embed(texts), await served.embed(texts)]
    for (const [i, text] of texts.entries()) {
      const cosine = row(together, i).reduce((sum, value, j) => sum + value * row(wanted, i)[j], 0)
      expect(cosine, text).toBeGreaterThan(0.985)
      // Attention in float32 may round a number to the other side, once in a while; a scale for the whole batch moves it to .97.
      const alone = await served.embed([text])
      const same = row(together, i).reduce((sum, value, j) => sum + value * alone.data[j], 0)
      expect(same, text).toBeGreaterThan(0.9999)
    }
    await Promise.all([plain.dispose(), served.dispose()])
    await exported.dispose()
  })
})
