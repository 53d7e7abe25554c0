import { MsError, memoryFiles, seededRandom } from '@ms/core'
import type { EncoderPlugin, Parameters, PluginEncoder, Prepared } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { describeEncoder } from '@ms/testing'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { createEmbedder } from '../embedder.js'
import { encoderSpace } from '../encoder-space.js'
import { loadEncoder } from '../load-encoder.js'
import { loadModel } from '../load-model.js'
import { openModel } from '../node/open-model.js'
import { saveEncoder } from '../save-encoder.js'
import { pluggedEncoder } from './plugged-encoder.js'

interface Letters extends Prepared {
  readonly counts: Float32Array
}

/** An encoder as somebody may write it: an object of a class. Letters that are counted, through a matrix. */
class LetterCounts implements PluginEncoder<string, Letters> {
  readonly dim = 4
  readonly lookups = {}
  readonly config: { readonly from: string }
  readonly parameters: Parameters
  constructor(config: { readonly from: string }, parameters: Parameters) {
    this.config = config
    this.parameters = parameters
  }
  get processor() {
    const first = this.config.from.charCodeAt(0)
    return {
      prepare: (items: readonly string[]) =>
        items.map((item) => {
          const counts = new Float32Array(26)
          for (const letter of item) counts[(letter.charCodeAt(0) - first + 2600) % 26]++
          return { cost: 1, counts }
        }),
      collate: (batch: readonly Letters[]) => ({
        counts: { shape: [batch.length, 26], data: Float32Array.from(batch.flatMap(({ counts }) => [...counts])) },
      }),
    }
  }
  forward(inputs: { readonly [name: string]: tf.Tensor }, weights: { get(name: string): tf.Tensor }): tf.Tensor2D {
    return tf.matMul(inputs.counts as tf.Tensor2D, weights.get('matrix') as tf.Tensor2D)
  }
  withParameters(parameters: Parameters): LetterCounts {
    const matrix = parameters.get('matrix')
    if (!matrix) throw new MsError('weights.missing', 'there is no matrix')
    if (matrix.shape.join() !== '26,4') throw new MsError('weights.shape', 'the matrix is of another shape')
    return new LetterCounts(this.config, parameters)
  }
  cut() {
    return { body: new LetterCounts(this.config, this.parameters), head: this }
  }
}

const plugin: EncoderPlugin<string, Letters> = {
  name: 'letter-counts',
  modality: 'text',
  create: ({ seed }) => {
    const random = seededRandom(seed)
    return new LetterCounts(
      { from: 'a' },
      new Map([['matrix', { shape: [26, 4], data: Float32Array.from({ length: 104 }, random.normal) }]]),
    )
  },
  load: (config, parameters) => new LetterCounts(config as { from: string }, parameters),
}
const fresh = async (seed = 1) => pluggedEncoder(plugin, await plugin.create({ seed }))

describeEncoder('an encoder of a plug-in', {
  encoder: fresh,
  engine: () => createEagerEngine({ backend: 'cpu' }),
  items: ['one', 'two three', 'four', 'five six seven'],
  emptyItems: [''],
  saveAndLoad: async (encoder) => {
    const files = memoryFiles()
    await saveEncoder(pluggedEncoder(plugin, encoder as LetterCounts), files)
    return (await loadModel(files, { plugins: [plugin] })).text as Awaited<ReturnType<typeof fresh>>
  },
})

describe('pluggedEncoder', () => {
  it('has a space of its weights and its config, which the part before a cut keeps', async () => {
    const one = await fresh()
    const { parameters } = one
    const other = pluggedEncoder(plugin, new LetterCounts({ from: 'b' }, parameters))
    expect(await encoderSpace(await fresh())).toBe(await encoderSpace(one))
    expect(await encoderSpace(other)).not.toBe(await encoderSpace(one))
    expect(await encoderSpace(await fresh(2))).not.toBe(await encoderSpace(one))
    const [body, otherBody] = [one, other].map((encoder) => encoder.cut?.(() => true)?.body)
    expect(await encoderSpace(body!)).not.toBe(await encoderSpace(otherBody!))
  })

  it('is loaded by the plug-in that made it, alone or as one of two encoders, and named where that is not there', async () => {
    const files = memoryFiles()
    await saveEncoder(await fresh(3), files)
    const names = await files.list()
    expect(names).toEqual(['README.md', 'encoder_plugin.json', 'model.safetensors'])
    const missing = { code: 'encoder.plugin-missing', details: { plugin: 'letter-counts' } }
    await expect(loadModel(files)).rejects.toMatchObject(missing)
    await expect(loadModel(files, { plugins: [{ ...plugin, name: 'another' }] })).rejects.toMatchObject(missing)
    await expect(loadEncoder(files)).rejects.toMatchObject(missing)

    const both = memoryFiles()
    for (const folder of ['text', 'image']) for (const name of names) await both.write(`${folder}/${name}`, await files.read(name))
    await expect(loadModel(both, { plugins: [plugin] })).rejects.toMatchObject({ code: 'encoder.modality' })
  })

  it('says whose mistake it is where a network fails, or makes what are no vectors', async () => {
    const engine = await createEagerEngine({ backend: 'cpu' })
    class Failing extends LetterCounts {
      override forward(): tf.Tensor2D {
        throw new TypeError('my own bug')
      }
    }
    class Scalar extends LetterCounts {
      override forward(inputs: Record<string, tf.Tensor>, weights: { get(name: string): tf.Tensor }): tf.Tensor2D {
        return tf.mean(super.forward(inputs, weights)) as never
      }
    }
    const { parameters } = await fresh()
    for (const [Kind, code, message] of [
      [Failing, 'plugin.failed', 'forward of the plug-in letter-counts failed: my own bug'],
      [Scalar, 'plugin.shape', 'forward of the plug-in letter-counts makes [], and [batch, 4] is needed'],
    ] as const) {
      const encoder = pluggedEncoder(plugin, new Kind({ from: 'a' }, parameters))
      const embedder = await createEmbedder(encoder, { engine })
      await expect(embedder.embed(['abc'])).rejects.toMatchObject({ code, message, kind: 'failure' })
      await embedder.dispose()
    }
  })

  it('begins fresh by the name of the plug-in, from a seed', async () => {
    const { text } = await openModel('letter-counts', { plugins: [plugin], seed: 7 })
    expect(text?.parameters).toEqual((await fresh(7)).parameters)
  })
})
