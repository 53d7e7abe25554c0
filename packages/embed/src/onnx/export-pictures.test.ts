import { MsError, memoryFiles } from '@ms/core'
import type { EncoderPlugin, HostTensor, PluginEncoder, Prepared } from '@ms/core/tensor'
import { embeddingBag } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import { openOnnxModel } from '@ms/runtime/node/onnx'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { createEmbedder } from '../embedder.js'
import { encoderSpace } from '../encoder-space.js'
import { traced, whyNotTraced } from '../fixtures/engines.js'
import { drawings, openProcessor, tinyPictureFiles, tinyPictures } from '../fixtures/tiny-pictures.js'
import { loadImageEncoder } from '../load-image-encoder.js'
import { loadModel } from '../load-model.js'
import { openExportedEncoder, openExportedModel } from '../node/open-exported-encoder.js'
import { type PluggedEncoder, pluggedEncoder } from '../plugged/plugged-encoder.js'
import { exportOnnx } from './export-onnx.js'

const options = { backbones: [tinyPictures], openProcessor }

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Number.POSITIVE_INFINITY)

describe.skipIf(!traced)(`exportOnnx of pictures${whyNotTraced}`, () => {
  it('is opened again as an encoder of the same space, which embeds the same and is not trained', async () => {
    const encoder = await loadImageEncoder(tinyPictureFiles(), options)
    const target = memoryFiles()
    await exportOnnx(encoder, target, { card: { license: 'mit' } })
    expect(await target.list()).toEqual([
      '1_Pooling/config.json',
      'LICENSE',
      'README.md',
      'config.json',
      'config_sentence_transformers.json',
      'image_settings.json',
      'modules.json',
      'onnx/exported.json',
      'onnx/model.onnx',
      'preprocessor_config.json',
    ])
    expect(new TextDecoder().decode(await target.read('README.md'))).toContain("openExportedModel('PATH')")
    const { text, image } = await openExportedModel(target, { threads: 1 })
    expect([text, image?.precision, image?.batchItems]).toEqual([undefined, 'float32', 128])
    expect(await encoderSpace(image!)).toBe(await encoderSpace(encoder))
    const ours = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
    const theirs = await createEmbedder(image!)
    // As many as were recorded, fewer, and more.
    for (const items of [drawings.slice(0, 2), drawings.slice(0, 1), drawings]) {
      expect(farthest((await theirs.embed(items)).data, (await ours.embed(items)).data)).toBeLessThan(1e-5)
    }
    expect(() => image!.withParameters(new Map())).toThrow(expect.objectContaining({ code: 'encoder.exported' }))
    await expect(loadModel(target, { image: options })).rejects.toMatchObject({ code: 'encoder.exported' })
    await expect(openExportedEncoder(target)).rejects.toMatchObject({ code: 'encoder.modality' })
    await Promise.all([ours.dispose(), theirs.dispose(), image!.dispose()])
  })

  it('notices a manifest that does not say how pictures are read, or says it wrong', async () => {
    const target = memoryFiles()
    await exportOnnx(await loadImageEncoder(tinyPictureFiles(), options), target)
    const manifest = JSON.parse(new TextDecoder().decode(await target.read('onnx/exported.json')))
    const { image, ...without } = manifest
    const wrong = [without, { ...manifest, image: { ...image, crop: [16, 0] } }, { ...manifest, image: { ...image, crop: [32, 32] } }]
    for (const changed of wrong) {
      await target.write('onnx/exported.json', new TextEncoder().encode(JSON.stringify(changed)))
      await expect(openExportedModel(target)).rejects.toMatchObject({ code: 'config.invalid' })
    }
  })
})

interface Ids extends Prepared {
  readonly ids: readonly number[]
}
type Forward = PluginEncoder<string, Ids>['forward']

/** Letters are looked up in a table and added up; `forward` is one of several. */
function letters(forward: Forward): PluggedEncoder {
  const table: HostTensor<Float32Array> = { shape: [26, 4], data: Float32Array.from({ length: 104 }, (_, i) => Math.sin(i)) }
  const encoder: PluginEncoder<string, Ids> = {
    config: {},
    dim: 4,
    parameters: new Map([['table', table]]),
    lookups: {},
    processor: {
      prepare: (items) => items.map((item) => ({ cost: item.length, ids: [...item].map((letter) => (letter.codePointAt(0) ?? 0) % 26) })),
      collate: (batch) => {
        const offsets = [0]
        for (const { ids } of batch) offsets.push(offsets[offsets.length - 1] + ids.length)
        const all = Int32Array.from(batch.flatMap(({ ids }) => ids))
        return { ids: { shape: [all.length], data: all }, offsets: { shape: [offsets.length], data: Int32Array.from(offsets) } }
      },
    },
    forward,
    withParameters: () => encoder,
  }
  const plugin: EncoderPlugin<string, Ids> = { name: 'letters', modality: 'text', create: () => encoder, load: () => encoder }
  return pluggedEncoder(plugin, encoder)
}

describe.skipIf(!traced)(`exportOnnx of a plug-in's encoder${whyNotTraced}`, () => {
  it('records what it computes with tensors, for batches of any size', async () => {
    const encoder = letters(({ ids, offsets }, weights) =>
      embeddingBag(weights.get('table') as tf.Tensor2D, ids as tf.Tensor1D, offsets as tf.Tensor1D),
    )
    const target = memoryFiles()
    await exportOnnx(encoder, target)
    // It stays a model that the plug-in opens.
    expect(await target.list()).toEqual(['README.md', 'encoder_plugin.json', 'model.safetensors', 'onnx/graphs.json', 'onnx/model.onnx'])
    const graph = await openOnnxModel(await target.read('onnx/model.onnx'), { threads: 1 })
    const embedder = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
    for (const items of [['query'], ['one', 'two'], ['', 'a', 'some letters', 'and some more of them']]) {
      const { data, shape } = await graph.run(
        encoder.processor.collate(await encoder.processor.prepare(items, 'document')),
        'sentence_embedding',
      )
      expect(shape).toEqual([items.length, 4])
      expect(farthest(data, (await embedder.embed(items)).data)).toBeLessThan(1e-6)
    }
    await Promise.all([graph.release(), embedder.dispose()])
  })

  const impossible: [string, Forward, string][] = [
    ['reads values', (_, weights) => tf.tensor2d(weights.get('table').dataSync() as Float32Array, [26, 4]), 'engine.value-read'],
    [
      'has no form in tensors',
      () => {
        throw new TypeError('there is only direct')
      },
      'onnx.no-graph',
    ],
    [
      'says what is wrong itself',
      () => {
        throw new MsError('letters.direct', 'this encoder is direct')
      },
      'letters.direct',
    ],
  ]
  it.each(impossible)('says so where it %s', async (_, forward, code) => {
    const target = memoryFiles()
    await expect(exportOnnx(letters(forward), target)).rejects.toMatchObject({ code })
    expect(await target.list()).toEqual([])
  })
})
