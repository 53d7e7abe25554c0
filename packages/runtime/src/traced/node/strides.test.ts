import type { Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../../eager/create-eager-engine.js'
import { openTracedEngine } from './open-traced-engine.js'

const installed = await openTracedEngine({ threads: 1 }).then(
  () => true,
  () => false,
)

const width = 6
const floats = (...shape: number[]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 0.3)),
})
/** `[batch, length, width]` → the same with a trained matrix. */
const dense = (x: tf.Tensor, weight: tf.Tensor) =>
  tf.reshape(tf.matMul(tf.reshape(x, [-1, width]), weight as tf.Tensor2D), [x.shape[0], x.shape[1] ?? 0, width])
const pooled = (x: tf.Tensor, size: number, pad: 'same' | 'valid') =>
  tf.squeeze(tf.maxPool(tf.expandDims(x, 1) as tf.Tensor4D, [1, size], [1, 2], pad), [1])

/** A table of positions, which no text may be longer than. */
const positions = () => tf.reshape(tf.linspace(0, 1, 34 * width), [34, width])

/** What a text encoder of somebody else's may do with lengths: each depends on what is left over after a division. */
const layers: Record<string, (x: tf.Tensor, weight: tf.Tensor) => tf.Tensor> = {
  'a convolution of stride 2': (x, weight) => tf.conv1d(dense(x, weight) as tf.Tensor3D, tf.ones([3, width, 4]) as tf.Tensor3D, 2, 'same'),
  'two convolutions of stride 2': (x, weight) =>
    tf.conv1d(
      tf.conv1d(dense(x, weight) as tf.Tensor3D, tf.ones([3, width, width]) as tf.Tensor3D, 2, 'same'),
      tf.ones([3, width, width]) as tf.Tensor3D,
      2,
      'same',
    ),
  'largest of two': (x, weight) => pooled(dense(x, weight), 2, 'valid'),
  'largest of three': (x, weight) => pooled(dense(x, weight), 3, 'same'),
  'the first half': (x, weight) => tf.slice(dense(x, weight), [0, 0, 0], [-1, Math.ceil((x.shape[1] ?? 0) / 2), -1]),
  'another function for odd lengths': (x, weight) => ((x.shape[1] ?? 0) % 2 ? tf.tanh(dense(x, weight)) : tf.sigmoid(dense(x, weight))),
  'windows of four': (x, weight) => {
    const [batch, length = 0] = x.shape
    const windows = Math.ceil(length / 4)
    const padded = tf.pad(dense(x, weight), [
      [0, 0],
      [0, 4 * windows - length],
      [0, 0],
    ])
    return tf.max(tf.reshape(padded, [batch, windows, 4, width]), 2)
  },
  'every third': (x, weight) => tf.mul(tf.stridedSlice(x, [0, 0, 0], [...x.shape], [1, 3, 1]), tf.sum(weight)),
}

describe.skipIf(!installed)('what divides lengths (needs onnxruntime-node)', () => {
  let traced: Engine
  let cpu: Engine
  beforeAll(async () => {
    traced = await openTracedEngine({ threads: 1 })
    cpu = await createEagerEngine({ backend: 'cpu' })
  })
  afterAll(async () => {
    await traced.dispose()
    await cpu.dispose()
  })

  it.each(Object.entries(layers))('%s: every length gives what the cpu backend gives', async (_, layer) => {
    const fn = (weights: { get(name: string): tf.Tensor }, { x }: Readonly<Record<string, tf.Tensor>>) => {
      const y = layer(x, weights.get('weight'))
      return { y, loss: tf.mean(tf.square(y)) as tf.Scalar }
    }
    const weights = new Map([['weight', floats(width, width)]])
    const steps = await Promise.all(
      [cpu, traced].map((engine) => engine.differentiate(fn, { constants: new Map(), trainable: ['weight'] })),
    )
    for (const length of [8, 12, 9, 11, 10, 2, 3, 20, 7, 13, 16, 5]) {
      const inputs = { x: floats(2 + (length % 3), length, width) }
      const [expected, got] = await Promise.all(steps.map((step) => step.run(inputs, weights)))
      expectClose(got.outputs.y, expected.outputs.y, `y at length ${length}`)
      expectClose(got.gradients.get('weight')!, expected.gradients.get('weight')!, `gradient at length ${length}`)
    }
    for (const step of steps) step.dispose()
  })

  it.each([
    ['divided', (x: tf.Tensor, weight: tf.Tensor) => tf.conv1d(x as tf.Tensor3D, weight as tf.Tensor3D, 2, 'same')],
    ['limited', (x: tf.Tensor) => tf.mul(x, tf.slice(positions(), [0, 0], [x.shape[1] ?? 0, width]))],
  ])('two texts, each of a length of its own, that is %s', async (_, layer) => {
    const fn = (weights: { get(name: string): tf.Tensor }, { a, b }: Readonly<Record<string, tf.Tensor>>) => {
      const [left, right] = [a, b].map((x) => tf.mul(tf.sum(tf.square(layer(x, weights.get('weight'))), 1), 0.1))
      const scores = tf.matMul(left as tf.Tensor2D, right as tf.Tensor2D, false, true)
      return { scores, loss: tf.mean(tf.square(tf.add(scores, tf.sum(weights.get('weight'))))) as tf.Scalar }
    }
    const weights = new Map([['weight', floats(3, width, width)]])
    const steps = await Promise.all(
      [cpu, traced].map((engine) => engine.differentiate(fn, { constants: new Map(), trainable: ['weight'] })),
    )
    for (const [batch, one, other] of [
      [8, 27, 25],
      [8, 21, 33],
      [8, 23, 25],
      [8, 28, 23],
      [8, 27, 28],
      [7, 27, 25],
      [8, 25, 24],
      [8, 24, 25],
      [3, 12, 31],
    ]) {
      const inputs = { a: floats(batch, one, width), b: floats(batch, other, width) }
      const [expected, got] = await Promise.all(steps.map((step) => step.run(inputs, weights)))
      expectClose(got.outputs.scores, expected.outputs.scores, `scores at ${batch}, ${one}, ${other}`)
      expectClose(got.gradients.get('weight')!, expected.gradients.get('weight')!, `gradient at ${batch}, ${one}, ${other}`)
    }
    for (const step of steps) step.dispose()
  })

  it('a graph that serves all lengths stays the only one', async () => {
    let recorded = 0
    const compiled = await traced.compile(
      (_, { x }) => {
        recorded++
        return { y: tf.mean(tf.tanh(x), 1) }
      },
      { constants: new Map() },
    )
    for (const length of [20, 5]) await compiled.run({ x: floats(2, length, width) })
    const atFirst = recorded
    for (const length of [6, 7, 8, 9, 10, 11, 12, 13]) await compiled.run({ x: floats(2, length, width) })
    expect(recorded).toBe(atFirst)
    compiled.dispose()
  })
})

function expectClose(got: HostTensor, expected: HostTensor, what: string): void {
  expect(got.shape, what).toEqual(expected.shape)
  const scale = Math.max(1, ...Array.from(expected.data, Math.abs))
  for (const [i, value] of expected.data.entries()) expect(Math.abs(got.data[i] - value), `${what}[${i}]`).toBeLessThanOrEqual(1e-5 * scale)
}
