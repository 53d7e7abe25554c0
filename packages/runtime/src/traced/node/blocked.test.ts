import { seededRandom } from '@ms/core'
import type { Engine, HostTensor, TensorFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../../eager/create-eager-engine.js'
import { registerGradients } from '../../eager/register-gradients.js'
import {
  avgPool2d,
  batchNorm,
  batchNormTraining,
  type Conv2dOptions,
  conv2d,
  conv2dBatchNorm,
  globalAveragePool,
  hardSwish,
  maxPool2d,
  relu6,
} from '../../ops/index.js'
import type { Graph } from '../graph.js'
import { blockedConv, intoBlocks, outOfBlocks } from '../passes/blocked-operators.js'
import { optimise } from '../passes/optimise.js'
import { record } from '../record.js'
import { withBlocks } from './block-size.js'
import { openTracedEngine } from './open-traced-engine.js'
import { openOrtRuntime } from './ort-runtime.js'
import { tinyCnnBatch, tinyCnnLoss, tinyCnnWeights } from './tiny-cnn.js'

const block = await openOrtRuntime({ threads: 1 }).then(
  (runtime) => withBlocks(runtime).block?.(),
  () => undefined,
)

const random = seededRandom(4)
const normal = (...shape: number[]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
})
const vectors = (channels: number) => ({ scale: normal(channels), offset: normal(channels) })

interface Case {
  readonly name: string
  readonly parameters: Readonly<Record<string, HostTensor<Float32Array>>>
  readonly op: (w: Readonly<Record<string, tf.Tensor>>) => tf.Tensor
}

const picture = (tensor: tf.Tensor) => tensor as tf.Tensor4D

/** Of pictures that are in blocks already, since a convolution made them, and are read in blocks by another. */
const between = (
  name: string,
  channels: number,
  size: [number, number],
  op: (x: tf.Tensor4D, w: Case['op'] extends (w: infer W) => unknown ? W : never) => tf.Tensor,
  more: Case['parameters'] = {},
): Case => ({
  name,
  parameters: { x: normal(2, ...size, 32), before: normal(channels, 32, 1, 1), after: normal(32, channels, 1, 1), ...more },
  op: (w) => {
    const y = op(conv2d(picture(w['x']), picture(w['before'])), w)
    return y.rank === 4 && y.shape[3] === channels ? conv2d(picture(y), picture(w['after'])) : y
  },
})

const convolution = (name: string, size: [number, number], filter: [number, number, number, number], options: Conv2dOptions): Case =>
  between(`convolution, ${name}`, 32, size, (x, w) => conv2d(x, picture(w['filter']), options), { filter: normal(...filter) })

const statistics = { mean: normal(32), variance: { shape: [32], data: Float32Array.from({ length: 32 }, () => 0.5 + random.uniform()) } }

const cases: readonly Case[] = [
  convolution('3×3', [6, 5], [32, 32, 3, 3], { padding: 1 }),
  convolution('3×3, stride', [7, 6], [64, 32, 3, 3], { padding: 1, stride: 2 }),
  convolution('1×1, stride', [6, 4], [32, 32, 1, 1], { stride: 2 }),
  convolution('1×1, stride, odd', [7, 4], [32, 32, 1, 1], { stride: 2 }),
  convolution('dilation', [7, 7], [32, 32, 3, 3], { padding: 2, dilation: 2 }),
  convolution('3×2, padding of one side', [6, 5], [32, 32, 3, 2], { padding: { top: 0, bottom: 2, left: 1, right: 0 } }),
  convolution('groups', [5, 6], [32, 16, 3, 3], { padding: 1, groups: 2 }),
  convolution('small groups', [5, 6], [32, 4, 3, 3], { padding: 1, groups: 8 }),
  convolution('odd number of filters', [5, 6], [20, 32, 3, 3], { padding: 1 }),
  convolution('depthwise', [6, 5], [32, 1, 3, 3], { padding: 1, groups: 32 }),
  convolution('depthwise, same, stride', [6, 7], [32, 1, 3, 3], { padding: 'same', stride: 2, groups: 32 }),
  convolution('depthwise 5×5, stride', [9, 8], [32, 1, 5, 5], { padding: 2, stride: 2, groups: 32 }),
  convolution('depthwise, rows left over', [8, 8], [32, 1, 3, 3], { stride: 3, groups: 32 }),
  convolution('depthwise 1×1, stride', [5, 6], [32, 1, 1, 1], { stride: 2, groups: 32 }),
  convolution('depthwise, dilation', [7, 7], [32, 1, 3, 3], { padding: 2, dilation: 2, groups: 32 }),
  convolution('depthwise, two filters each', [5, 5], [64, 1, 3, 3], { padding: 1, groups: 32 }),
  {
    name: 'three channels in',
    parameters: { x: normal(2, 7, 6, 3), filter: normal(32, 3, 3, 3) },
    op: (w) => conv2d(picture(w['x']), picture(w['filter']), { stride: 2 }),
  },
  between('bias and relu', 32, [3, 4], (x, w) => tf.relu(tf.add(x, w['bias'])), { bias: normal(32) }),
  between(
    'residual',
    32,
    [3, 4],
    (x, w) =>
      tf.relu(
        tf.add(
          conv2dBatchNorm(
            x,
            picture(w['filter']),
            {},
            { ...(w as { mean: tf.Tensor; variance: tf.Tensor; scale: tf.Tensor; offset: tf.Tensor }), epsilon: 1e-3 },
          ),
          x,
        ),
      ),
    { filter: normal(32, 32, 1, 1), ...statistics, ...vectors(32) },
  ),
  between(
    'batch norm, given statistics',
    32,
    [3, 4],
    (x, w) => batchNorm(x, { ...(w as { mean: tf.Tensor; variance: tf.Tensor; scale: tf.Tensor; offset: tf.Tensor }), epsilon: 1e-3 }),
    { ...statistics, ...vectors(32) },
  ),
  between(
    'batch norm, own statistics',
    32,
    [3, 4],
    (x, w) => batchNormTraining(x, { scale: w['scale'], offset: w['offset'], epsilon: 1e-3 }).value,
    vectors(32),
  ),
  between('activations', 32, [3, 4], (x) => hardSwish(relu6(x))),
  between('a factor for each picture and channel', 32, [3, 4], (x, w) => tf.mul(x, w['gate']), { gate: normal(2, 1, 1, 32) }),
  between('a factor for each place', 32, [3, 4], (x, w) => tf.mul(x, w['places']), { places: normal(2, 3, 4, 1) }),
  between('a picture from outside', 32, [3, 4], (x, w) => tf.sub(w['other'], x), { other: normal(2, 3, 4, 32) }),
  between('concatenation', 64, [3, 4], (x, w) => tf.concat([x, picture(w['other'])], 3), { other: normal(2, 3, 4, 32) }),
  between('comparison, in the gradient', 32, [3, 4], (x) => tf.leakyRelu(x, 0.1)),
  between('pools', 32, [6, 6], (x) => tf.add(maxPool2d(x, { size: 3, stride: 2, padding: 1 }), avgPool2d(x, { size: 2 }))),
  between('global mean', 32, [3, 4], (x) => globalAveragePool(x)),
  between('channels as numbers of a row', 32, [3, 4], (x) => tf.reshape(x, [2, -1])),
]

/** A scalar with different derivatives everywhere. */
const functionOf =
  ({ parameters, op }: Case): TensorFunction<{ y: tf.Tensor; loss: tf.Scalar }> =>
  (weights) => {
    const y = op(Object.fromEntries(Object.keys(parameters).map((name) => [name, weights.get(name)])))
    return { y, loss: tf.sum(tf.mul(tf.reshape(y, [-1]), tf.cos(tf.range(1, y.size + 1)))) }
  }

function expectClose(got: HostTensor, expected: HostTensor, what: string): void {
  expect(got.shape, what).toEqual(expected.shape)
  const scale = Math.max(1, ...Array.from(expected.data, Math.abs))
  const difference = Math.max(...Array.from(expected.data, (value, at) => Math.abs(got.data[at] - value)))
  expect(difference, what).toBeLessThanOrEqual(1e-5 * scale)
}

const count = (graph: Graph, op: string) => graph.nodes.filter((node) => node.op === op).length

describe.skipIf(block === undefined)('convolutions in blocks (needs onnxruntime-node with blocked convolutions)', () => {
  let traced: Engine
  let cpu: Engine
  beforeAll(async () => {
    await registerGradients()
    traced = await openTracedEngine({ threads: 1 })
    cpu = await createEagerEngine({ backend: 'cpu' })
  })
  afterAll(async () => {
    await traced.dispose()
    await cpu.dispose()
  })

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const parameters = new Map(Object.entries(one.parameters))
    // Statistics are not differentiated.
    const fixed = (name: string) => name === 'mean' || name === 'variance'
    const constants = new Map([...parameters].filter(([name]) => fixed(name)))
    const trainable = [...parameters.keys()].filter((name) => !fixed(name))
    const [expected, got] = await Promise.all(
      [cpu, traced].map(async (engine) => {
        const step = await engine.differentiate(functionOf(one), { constants, trainable })
        const result = await step.run({}, new Map(trainable.map((name) => [name, parameters.get(name)!])))
        step.dispose()
        return result
      }),
    )
    expectClose(got.outputs.y, expected.outputs.y, 'y')
    for (const [name, value] of expected.gradients) expectClose(got.gradients.get(name)!, value, name)
  })

  it('are used for all convolutions that can be, and pictures stay in blocks between them', () => {
    const { trainable, constants } = tinyCnnWeights()
    const shapes = (weights: typeof trainable) => new Map([...weights].map(([name, { shape }]) => [name, shape]))
    const { x, labels } = tinyCnnBatch(4, 0)
    const inputs = { x: { dtype: 'float32', shape: x.shape }, labels: { dtype: 'int32', shape: labels.shape } } as const
    const graph = record(tinyCnnLoss, { inputs, constants: shapes(constants), trainable: shapes(trainable) })
    const [plain, blocked] = [optimise(graph), optimise(graph, { block })]
    expect(count(plain, blockedConv)).toBe(0)
    expect(count(plain, 'Transpose')).toBeLessThan(count(graph, 'Transpose') / 2)
    // What is left: the group of eight channels, and the odd number of filters.
    expect(count(blocked, 'Conv')).toBeLessThanOrEqual(4)
    expect(count(blocked, blockedConv)).toBeGreaterThan(8)
    const reordered = blocked.nodes.filter(
      ({ op, inputs: [input] }) => (op === intoBlocks || op === outOfBlocks) && input.kind === 'result',
    )
    expect(reordered.length).toBeLessThan(30)
  })
})
