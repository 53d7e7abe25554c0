import { seededRandom } from '@ms/core'
import type { Engine, HostTensor, Mode, Parameters } from '@ms/core/tensor'
import { checkGradients } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededUniform, seededWeight } from './fixtures/seeded-weights.js'
import type { ConvolutionalBackbone } from './layers/convolutional-backbone.js'
import { mobileBackbone } from './mobile/mobile-backbone.js'
import { timmNames } from './mobile/mobile-names.js'
import type { MobileBlock, MobilePlan } from './mobile/mobile-plan.js'
import { resnet } from './resnet/resnet.js'
import { vgg } from './vgg/vgg.js'

/** Two blocks, of which the second adds its input. */
function mobile(plan: Partial<MobilePlan>, block: Pick<MobileBlock, 'activation' | 'squeezed' | 'kernel'>): ConvolutionalBackbone {
  return mobileBackbone(
    'test',
    {
      stem: { to: 3, activation: block.activation },
      stages: [
        [
          { from: 3, inner: 3, to: 4, stride: 1, ...block },
          { from: 4, inner: 6, to: 4, stride: 1, ...block },
        ],
        [{ from: 4, inner: 5, to: 3, stride: 2, ...block }],
      ],
      head: { to: 4, activation: block.activation },
      squeeze: { activation: 'silu', gate: 'sigmoid' },
      padding: 'symmetric',
      epsilon: 1e-3,
      momentum: 0.1,
      ...plan,
    },
    timmNames,
  )
}

const resnetOf = (fields: object) => resnet.create(resnet.parseConfig({ embedding_size: 4, batch_norm_eps: 1e-3, ...fields }, 'test'))
const vggOf = (fields: object) => vgg.create(vgg.parseConfig({ channels: [[3, 4], [2]], ...fields }, 'test'))

const networks: [string, () => ConvolutionalBackbone, size: number, centre: number][] = [
  ['VGG: convolutions with bias, max pooling, fully connected layers', () => vggOf({ output: 'fc2', fc_size: 5, fc_grid: 2 }), 8, 3],
  ['ResNet: basic blocks', () => resnetOf({ hidden_sizes: [4, 6], depths: [1, 1], layer_type: 'basic' }), 10, 3],
  ['ResNeXt: bottlenecks in groups', () => resnetOf({ hidden_sizes: [8, 12], depths: [1, 1], groups: 2, width_per_group: 40 }), 10, 3],
  [
    'inverted residuals: ReLU6, as TensorFlow pads',
    () => mobile({ padding: 'same' }, { activation: 'relu6', squeezed: 0, kernel: 3 }),
    7,
    3,
  ],
  ['inverted residuals: squeeze-excite, SiLU', () => mobile({}, { activation: 'silu', squeezed: 2, kernel: 5 }), 8, 3],
  [
    'inverted residuals: hard sigmoid, hard swish',
    () => mobile({ squeeze: { activation: 'relu', gate: 'hard_sigmoid' } }, { activation: 'hard_swish', squeezed: 2, kernel: 3 }),
    8,
    0,
  ],
]

/**
 * Weights with which values spread little around `centre`: 3, where every ReLU is open and no ReLU6 is full, or 0, in the middle of hard
 * swish. Over a corner of an activation a numerical derivative is none.
 */
function seededParameters({ shapes, statistics }: ConvolutionalBackbone, centre: number): Parameters {
  const entry = (name: string, shape: readonly number[]): [string, HostTensor<Float32Array>] => {
    const data = seededWeight(name, shape)
    if (statistics?.has(name)) return [name, { shape, data }]
    if (name.endsWith('.bias')) return [name, { shape, data: data.map((x) => (/se\./.test(name) ? x : centre + x)) }]
    return [name, { shape, data: data.map((x) => (statistics?.size ? 0.3 : 0.1) * x) }]
  }
  return new Map([...shapes].map(([name, shape]) => entry(name, shape)))
}

/** The largest error of a derivative, relative to the largest one of its weight (or to a hundredth of the largest of all). */
async function worstError(engine: Engine, backbone: ConvolutionalBackbone, size: number, centre: number, mode: Mode): Promise<number> {
  const shape = [2, size, size, 3]
  const pixels = Float32Array.from(seededUniform('pixel_values', 6 * size * size), (x) => 2 * x - 1)
  const random = seededRandom(3)
  const parameters = seededParameters(backbone, centre)
  const trainable = [...parameters.keys()].filter((name) => !backbone.statistics?.has(name))
  const importance = { shape: [4096], data: Float32Array.from({ length: 4096 }, () => random.normal()) }
  const { checked } = await checkGradients(
    engine,
    (weights, inputs) => {
      const hidden = backbone.forward(inputs, weights, mode)
      const flat = tf.reshape(hidden.kind === 'map' ? hidden.map : hidden.kind === 'pooled' ? hidden.pooled : tf.zeros([0]), [-1])
      return { loss: tf.sum(tf.mul(flat, tf.slice(inputs['importance'], [0], [flat.size]))) as tf.Scalar }
    },
    { inputs: { pixel_values: { shape, data: pixels }, importance }, parameters, trainable, entries: 1, step: 1e-2 },
  )
  const largest = (list: typeof checked) => list.reduce((most, { numeric }) => Math.max(most, Math.abs(numeric)), 0)
  const floor = largest(checked) / 100
  const errors = trainable.map((name) => {
    const own = checked.filter((entry) => entry.name === name)
    const worst = own.reduce((most, { analytic, numeric }) => Math.max(most, Math.abs(analytic - numeric)), 0)
    return worst / Math.max(largest(own), floor)
  })
  return Math.max(...errors)
}

describe('gradients of convolutional networks equal numerical ones', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend: 'cpu' })
  })
  afterAll(() => engine.dispose())

  it.each(networks)('%s', async (_, create, size, centre) => {
    expect(await worstError(engine, create(), size, centre, { training: true })).toBeLessThan(2e-2)
  })

  it.each(networks.filter(([, create]) => create().statistics?.size))(
    '%s, with the batch’s own statistics',
    async (_, create, size, centre) => {
      expect(await worstError(engine, create(), size, centre, { training: true, observe: () => {} })).toBeLessThan(2e-2)
    },
  )
})
