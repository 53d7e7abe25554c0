import { type PreparedPicture, readSafetensors } from '@ms/backbones'
import { type ImageSource, memoryFiles, row } from '@ms/core'
import type { Engine, HostTensor } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import { describeEncoder } from '@ms/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbedder } from './embedder.js'
import { encoderSpace } from './encoder-space.js'
import { tinyEncoder } from './fixtures/tiny-encoders.js'
import { drawings, openProcessor, tinyPictureFiles, tinyPictures } from './fixtures/tiny-pictures.js'
import type { ImageEncoder } from './image-encoder.js'
import { loadEncoder } from './load-encoder.js'
import { type LoadImageEncoderOptions, loadImageEncoder } from './load-image-encoder.js'
import { loadModel } from './load-model.js'
import { createModelEmbedders } from './model-embedders.js'
import { dense } from './modules/dense.js'
import { normalize } from './modules/normalize.js'
import { pooling } from './modules/pooling.js'
import { saveEncoder } from './save-encoder.js'

const options: LoadImageEncoderOptions = { backbones: [tinyPictures], openProcessor }
const load = (files = tinyPictureFiles(), more: Partial<LoadImageEncoderOptions> = {}) => loadImageEncoder(files, { ...options, ...more })

/** The same with pooling by mean and maximum, a dense head and unit length. */
async function withHead(): Promise<ImageEncoder> {
  const encoder = await load()
  const pool = pooling(6, { modes: ['max', 'mean'] })
  const head = dense({ inFeatures: 12, outFeatures: 4, activation: 'identity' }, pool.widths)
  const weight: HostTensor<Float32Array> = { shape: [4, 12], data: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)) }
  const parameters = new Map(encoder.parameters)
    .set('2_Dense.linear.weight', weight)
    .set('2_Dense.linear.bias', { shape: [4], data: Float32Array.of(0.1, -0.2, 0.3, 0) })
  return encoder.withModules([pool, head, normalize(head.widths)], parameters)
}

for (const backend of ['cpu', 'wasm'] as const) {
  describeEncoder<ImageSource, PreparedPicture>(`of pictures, on ${backend},`, {
    encoder: withHead,
    engine: () => openEngine({ backend, threads: 1 }),
    items: drawings,
    saveAndLoad: async (encoder) => {
      const files = memoryFiles()
      await saveEncoder(encoder as ImageEncoder, files)
      return load(files)
    },
  })
}

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine.dispose())

async function embed(encoder: ImageEncoder, items: readonly ImageSource[] = drawings) {
  const embedder = await createEmbedder(encoder, { engine })
  const vectors = await embedder.embed(items)
  await embedder.dispose()
  return vectors
}

describe('loadImageEncoder', () => {
  it('pools a plain directory by the mean, or as it is told', async () => {
    const encoder = await load()
    expect([encoder.modality, encoder.family, encoder.dim, encoder.batchItems]).toEqual(['image', 'tiny-pictures', 6, 128])
    const [mean, both] = [await embed(encoder), await embed(await load(tinyPictureFiles(), { pooling: ['max', 'mean'] }))]
    expect(both.dim).toBe(12)
    for (let i = 0; i < drawings.length; i++) {
      expect([...row(both, i).subarray(6)]).toEqual([...row(mean, i)])
      for (let j = 0; j < 6; j++) expect(row(both, i)[j]).toBeGreaterThanOrEqual(row(mean, i)[j] - 1e-6)
    }
  })

  it('pools by the generalised mean, between mean and maximum', async () => {
    const [mean, gem, max] = await Promise.all(
      (['mean', 'gem', 'max'] as const).map(async (mode) => embed(await load(tinyPictureFiles(), { pooling: [mode] }))),
    )
    for (const [i, value] of gem.data.entries()) {
      expect(value).toBeGreaterThanOrEqual(mean.data[i] - 1e-5)
      expect(value).toBeLessThanOrEqual(max.data[i] + 1e-5)
    }
  })

  it('sees pictures at another size, in another space', async () => {
    const [usual, small] = [await load(), await load(tinyPictureFiles(), { inputSize: 8 })]
    expect(small.settings.crop).toEqual([8, 8])
    expect(await encoderSpace(small)).not.toBe(await encoderSpace(usual))
    expect(await encoderSpace(usual.withInputSize(8))).toBe(await encoderSpace(small))
  })

  it('keeps its space, its files and its settings when it is saved', async () => {
    const encoder = await withHead()
    const saved = memoryFiles()
    await saveEncoder(encoder, saved, { card: { name: 'Drawings', license: 'mit' } })
    const again = await load(saved)
    expect(await encoderSpace(again)).toBe(await encoderSpace(encoder))
    expect(again.settings).toEqual({ halves: 'down', ...encoder.settings })
    expect(await saved.list()).toEqual([
      '1_Pooling/config.json',
      '2_Dense/config.json',
      '2_Dense/model.safetensors',
      'LICENSE',
      'README.md',
      'config.json',
      'config_sentence_transformers.json',
      'image_settings.json',
      'model.safetensors',
      'modules.json',
      'preprocessor_config.json',
    ])
    expect(new TextDecoder().decode(await saved.read('README.md'))).toMatch(/^---\nlicense: mit\n[\s\S]*# Drawings[\s\S]*16 × 16 pixels/)
  })

  it('keeps matrices and convolutions in int8 when asked to', async () => {
    const encoder = await withHead()
    const saved = memoryFiles()
    await saveEncoder(encoder, saved, { precision: 'int8' })
    for (const [file, rounded] of [
      ['model.safetensors', 'conv'],
      ['2_Dense/model.safetensors', 'linear'],
    ]) {
      const { tensors } = readSafetensors(await saved.read(file), file)
      expect([tensors.get(`${rounded}.weight`)?.dtype, tensors.get(`${rounded}.scale`)?.dtype]).toEqual(['I8', 'F32'])
      expect(tensors.get(`${rounded}.bias`)?.dtype).toBe('F32')
    }
    expect(new TextDecoder().decode(await saved.read('README.md'))).toContain('(int8 with a scale for each row)')
    const [exact, again] = [await embed(encoder), await embed(await load(saved))]
    const difference = Math.max(...exact.data.map((value, i) => Math.abs(value - again.data[i])))
    expect(difference).toBeGreaterThan(0)
    expect(difference).toBeLessThan(0.02)
    // Saved again it stays what it is: rounding is done once.
    const twice = memoryFiles()
    await saveEncoder(await load(saved), twice, { precision: 'int8' })
    expect(await twice.read('model.safetensors')).toEqual(await saved.read('model.safetensors'))
  })

  it('cuts itself where training begins', async () => {
    const encoder = await withHead()
    const cut = encoder.cut?.((name) => name.startsWith('conv'))
    expect([cut?.body.dim, [...(cut?.head.parameters.keys() ?? [])]]).toEqual([12, ['2_Dense.linear.weight', '2_Dense.linear.bias']])
    expect(encoder.cut?.((name) => name === 'conv.weight')).toBeUndefined()
    expect(encoder.cut?.(() => true)).toBeUndefined()
    const features = await embed(cut!.body as ImageEncoder)
    const compiled = await engine.compile((weights, inputs) => ({ embeddings: cut!.head.forward(inputs, weights, { training: false }) }), {
      constants: cut!.head.parameters,
    })
    const { embeddings } = await compiled.run({ features: { shape: [features.count, features.dim], data: features.data } })
    compiled.dispose()
    const whole = await embed(encoder)
    for (const [i, value] of whole.data.entries()) expect(embeddings.data[i]).toBeCloseTo(value, 5)
  })

  const bad: [string, Record<string, string>, string][] = [
    ['a directory that says nothing about pictures', { 'preprocessor_config.json': '' }, 'config.malformed'],
    ['another family', { 'config.json': '{"model_type":"other"}' }, 'encoder.backbone-unknown'],
    ['a first module of texts', { 'modules.json': '[{"path":"","type":"sentence_transformers.models.Transformer"}]' }, 'encoder.order'],
    [
      'a picture network in the middle',
      { 'modules.json': '[{"path":"","type":"ms.ImageBackbone"},{"path":"","type":"ms.ImageBackbone"}]' },
      'encoder.order',
    ],
    ['code of another package', { 'modules.json': '[{"path":"","type":"evil.ImageBackbone"}]' }, 'encoder.module-unknown'],
  ]
  it.each(bad)('refuses %s', async (_, changes, code) => {
    await expect(load(tinyPictureFiles(changes))).rejects.toMatchObject({ code })
  })

  it('says so where nothing tells how pictures are read', async () => {
    const { list, read } = tinyPictureFiles()
    const files = { location: 'tiny', read, list: async () => (await list()).filter((name) => !name.startsWith('preprocessor')) }
    await expect(loadImageEncoder(files, options)).rejects.toMatchObject({ code: 'encoder.no-image-settings' })
  })
})

describe('loadModel', () => {
  const text = () => tinyEncoder('two dense layers').files

  it('tells from the files what items a model takes', async () => {
    expect(Object.keys(await loadModel(tinyPictureFiles(), { image: options }))).toEqual(['image'])
    expect(Object.keys(await loadModel(text()))).toEqual(['text'])
    await expect(loadModel(tinyPictureFiles())).rejects.toMatchObject({ code: 'encoder.no-image-processor' })
    const saved = memoryFiles()
    await saveEncoder(await load(), saved)
    expect(Object.keys(await loadModel(saved, { image: options }))).toEqual(['image'])
    await expect(loadEncoder(saved)).rejects.toMatchObject({ code: 'encoder.modality' })
  })

  it('loads two encoders of one space, whose embedders say so', async () => {
    const words = await loadEncoder(text())
    const pool = pooling(6)
    const head = dense({ inFeatures: 6, outFeatures: words.dim, bias: false, activation: 'identity' }, pool.widths)
    const plain = await load()
    const weight = { shape: [words.dim, 6], data: Float32Array.from({ length: words.dim * 6 }, (_, i) => Math.cos(i)) }
    const pictures = plain.withModules([pool, head], new Map(plain.parameters).set('2_Dense.linear.weight', weight))
    const both: Record<string, Uint8Array> = {}
    for (const [folder, encoder] of [
      ['text', words],
      ['image', pictures],
    ] as const) {
      const files = memoryFiles()
      await saveEncoder(encoder, files)
      for (const name of await files.list()) both[`${folder}/${name}`] = await files.read(name)
    }
    const model = await loadModel(memoryFiles(both), { image: options })
    const embedders = await createModelEmbedders(model, { engine, normalize: true })
    const [word, picture] = [await embedders.text!.embed(['the query']), await embedders.image!.embed([drawings[0]])]
    expect([word.dim, picture.dim]).toEqual([embedders.dim, embedders.dim])
    expect(embedders.text!.space).toBe(embedders.space)
    expect(embedders.image!.space).toBe(embedders.space)
    const alone = await createModelEmbedders({ text: model.text! }, { engine, normalize: true })
    expect(alone.space).not.toBe(embedders.space)
    expect(alone.space).toBe((await createEmbedder(model.text!, { normalize: true })).space)
    await expect(createModelEmbedders({ text: model.text!, image: plain })).rejects.toMatchObject({ code: 'encoder.space' })
    await embedders.dispose()
  })
})
