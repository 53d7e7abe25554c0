import { readFileSync } from 'node:fs'
import { seededRandom } from '@ms/core'
import type { Engine, HostTensor, TensorFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import { openTracedEngine } from '../traced/node/open-traced-engine.js'
import {
  avgPool2d,
  batchNorm,
  batchNormTraining,
  type Conv2dOptions,
  conv2d,
  conv2dBatchNorm,
  globalAveragePool,
  hardSigmoid,
  hardSwish,
  maxPool2d,
  type Padding2d,
  pad2d,
  quickGelu,
  relu6,
  resize2d,
  silu,
} from './index.js'

interface Numbers {
  readonly shape: number[]
  readonly data: number[]
}

/** As scripts/golden/picture-ops.py writes it. */
interface Golden {
  readonly op: string
  // Options are those of the op; JSON does not tell which op that is.
  readonly options: Record<string, never>
  readonly x: Numbers
  readonly y: Numbers
  readonly tensors: Record<string, Numbers>
  readonly gradients: Record<string, Numbers>
  readonly statistics?: Record<string, Numbers>
}

const golden: Golden[] = JSON.parse(readFileSync(new URL('../../golden/picture-ops.json', import.meta.url), 'utf8'))

type Op = (x: tf.Tensor4D, tensors: Record<string, tf.Tensor>, options: Golden['options']) => Record<string, tf.Tensor>

const ops: Record<string, Op> = {
  conv2d: (x, { filter }, options) => ({ y: conv2d(x, filter as tf.Tensor4D, options) }),
  maxPool2d: (x, _, options) => ({ y: maxPool2d(x, options as never) }),
  avgPool2d: (x, _, options) => ({ y: avgPool2d(x, options as never) }),
  resize2d: (x, _, options) => ({ y: resize2d(x, options as never) }),
  pad2d: (x, _, { padding, ...options }) => ({ y: pad2d(x, padding as never, options) }),
  batchNorm: (x, { scale, offset, mean, variance }, { epsilon }) => ({ y: batchNorm(x, { mean, variance, scale, offset, epsilon }) }),
  batchNormTraining: (x, { scale, offset }, { epsilon }) => {
    const { value, mean, variance } = batchNormTraining(x, { scale, offset, epsilon })
    return { y: value, mean, variance }
  },
  relu6: (x) => ({ y: relu6(x) }),
  hardSigmoid: (x) => ({ y: hardSigmoid(x) }),
  hardSwish: (x) => ({ y: hardSwish(x) }),
  silu: (x) => ({ y: silu(x) }),
  quickGelu: (x) => ({ y: quickGelu(x) }),
}

const host = ({ shape, data }: Numbers): HostTensor<Float32Array> => ({ shape, data: Float32Array.from(data) })

function expectClose(got: HostTensor, expected: HostTensor | Numbers, what: string): void {
  expect(got.shape, what).toEqual(expected.shape)
  const scale = Math.max(1, ...Array.from(expected.data, Math.abs))
  for (const [at, value] of expected.data.entries()) {
    expect(Math.abs(got.data[at] - value), `${what}[${at}]: ${got.data[at]}, not ${value}`).toBeLessThanOrEqual(1e-5 * scale)
  }
}

/** A scalar that weighs every number of the result differently. */
const weighed = (y: tf.Tensor): tf.Scalar => tf.sum(tf.mul(tf.reshape(y, [-1]), tf.cos(tf.range(1, y.size + 1))))

let engines: Engine[]
beforeAll(async () => {
  engines = [await createEagerEngine({ backend: 'cpu' }), await createEagerEngine({ backend: 'wasm' })]
  const traced = await openTracedEngine({ threads: 1 }).catch(() => undefined)
  if (traced) engines.push(traced)
})
afterAll(async () => {
  for (const engine of engines) await engine.dispose()
})

describe('as torch', () => {
  it.each(golden.map((one, at) => [`${one.op} ${JSON.stringify(one.options)} (${at})`, one] as const))('%s', async (_, one) => {
    const { op, options, x, y, tensors, gradients, statistics = {} } = one
    const parameters = new Map(Object.entries({ x, ...tensors }).map(([name, numbers]) => [name, host(numbers)]))
    const fn: TensorFunction<Record<string, tf.Tensor> & { loss: tf.Scalar }> = (weights, inputs) => {
      const given = Object.fromEntries(Object.keys(tensors).map((name) => [name, weights.get(name)]))
      const outputs = ops[op](weights.get('x') as tf.Tensor4D, { ...given, ...(op === 'batchNorm' ? inputs : {}) }, options)
      return { ...outputs, loss: weighed(outputs['y']) }
    }
    const inputs = Object.fromEntries(Object.entries(statistics).map(([name, numbers]) => [name, host(numbers)]))
    for (const engine of engines) {
      const step = await engine.differentiate(fn, { constants: new Map(), trainable: [...parameters.keys()] })
      const result = await step.run(inputs, parameters)
      step.dispose()
      expectClose(result.outputs['y'], y, `${engine.name}: y`)
      for (const [name, value] of Object.entries(gradients)) {
        expectClose(result.gradients.get(name)!, value, `${engine.name}: gradient of ${name}`)
      }
      if (op !== 'batchNormTraining') continue
      for (const [name, value] of Object.entries(statistics)) expectClose(result.outputs[name], value, `${engine.name}: ${name}`)
    }
  })
})

const random = seededRandom(9)
const normal = (...shape: number[]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
})
const positive = (...shape: number[]) => {
  const tensor = normal(...shape)
  return { ...tensor, data: tensor.data.map((value) => 0.5 + Math.abs(value)) }
}

describe('conv2dBatchNorm', () => {
  it.each([
    ['plain', { stride: 2, padding: 1 }, normal(4, 6, 3, 3)],
    ['in groups', { groups: 2 }, normal(4, 3, 3, 3)],
    ['depthwise', { padding: 'same', stride: 2, groups: 6 }, normal(6, 1, 3, 3)],
  ] as [string, Conv2dOptions, HostTensor<Float32Array>][])('is a convolution and a batch norm, %s', async (_, convolution, filter) => {
    const [filters] = filter.shape
    const statistics = { mean: normal(filters), variance: positive(filters) }
    const parameters = new Map([
      ['x', normal(2, 5, 6, 6)],
      ['filter', filter],
      ['scale', normal(filters)],
      ['offset', normal(filters)],
    ])
    const fn =
      (op: typeof conv2dBatchNorm): TensorFunction<{ y: tf.Tensor; loss: tf.Scalar }> =>
      (weights, { mean, variance }) => {
        const normalisation = { mean, variance, scale: weights.get('scale'), offset: weights.get('offset'), epsilon: 1e-3 }
        const y = op(weights.get('x') as tf.Tensor4D, weights.get('filter') as tf.Tensor4D, convolution, normalisation)
        return { y, loss: weighed(y) }
      }
    for (const engine of engines) {
      const [expected, got] = await Promise.all(
        [fn((x, filter, convolution, norm) => batchNorm(conv2d(x, filter, convolution), norm)), fn(conv2dBatchNorm)].map(async (one) => {
          const step = await engine.differentiate(one, { constants: new Map(), trainable: [...parameters.keys()] })
          const result = await step.run(statistics, parameters)
          step.dispose()
          return result
        }),
      )
      expectClose(got.outputs.y, expected.outputs.y, engine.name)
      for (const [name, value] of expected.gradients) expectClose(got.gradients.get(name)!, value, `${engine.name}: gradient of ${name}`)
    }
  })
})

describe('edges', () => {
  const run = async (fn: () => tf.Tensor) => {
    const compiled = await engines[0].compile(() => ({ y: fn() }), { constants: new Map() })
    try {
      return (await compiled.run({})).y
    } finally {
      compiled.dispose()
    }
  }
  const picture = (...shape: [number, number, number, number]) => tf.ones<tf.Rank.R4>(shape)

  it.each([
    ['same', 5, 3, 2, 3],
    ['same', 6, 3, 2, 3],
    ['same', 6, 1, 2, 3],
    ['same', 7, 5, 3, 3],
    [0, 7, 2, 2, 3],
  ] as [Padding2d, number, number, number, number][])(
    'padding %s of %i with a window of %i and stride %i: %i places',
    async (padding, height, size, stride, places) => {
      const { shape } = await run(() => maxPool2d(picture(1, height, height, 1), { size, stride, padding }))
      expect(shape).toEqual([1, places, places, 1])
    },
  )

  it('puts the odd row of same at the bottom, as TensorFlow', async () => {
    const { data } = await run(() =>
      conv2d(tf.tensor4d([1, 2, 3, 4], [1, 4, 1, 1]), tf.tensor4d([1, 10, 100], [1, 1, 3, 1]), { padding: 'same', stride: [2, 1] }),
    )
    expect([...data]).toEqual([321, 43])
  })

  it('globalAveragePool is the mean over all places', async () => {
    const { shape, data } = await run(() => globalAveragePool(tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2])))
    expect([shape, [...data]]).toEqual([
      [1, 2],
      [4, 5],
    ])
  })

  it('batchNormTraining of one value a channel gives the offset', async () => {
    const { data } = await run(
      () => batchNormTraining(picture(1, 1, 1, 2), { scale: tf.tensor1d([2, 2]), offset: tf.tensor1d([3, 4]), epsilon: 1e-5 }).value,
    )
    expect([...data]).toEqual([3, 4])
  })

  it.each([
    ['a filter for other channels', () => conv2d(picture(1, 4, 4, 3), picture(2, 4, 3, 3)), 'tensor.shape'],
    ['groups that do not divide', () => conv2d(picture(1, 4, 4, 4), picture(3, 2, 3, 3), { groups: 2 }), 'tensor.shape'],
    ['a window larger than the picture', () => maxPool2d(picture(1, 4, 4, 1), { size: 5 }), 'tensor.window'],
    ['a stride of 0', () => conv2d(picture(1, 4, 4, 1), picture(1, 1, 3, 3), { stride: 0 }), 'tensor.window'],
    ['a negative padding', () => conv2d(picture(1, 4, 4, 1), picture(1, 1, 3, 3), { padding: -1 }), 'tensor.window'],
  ])('refuses %s', async (_, fn, code) => {
    await expect(run(fn)).rejects.toMatchObject({ code })
  })
})
