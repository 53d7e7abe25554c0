import type { Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients } from '../../check-gradients.js'
import { createEagerEngine } from '../../eager/create-eager-engine.js'
import { probeEngine } from '../../engine-probe.js'
import { trainingLosses, trainingProblems } from '../../fixtures/training-losses.js'
import { openEngine } from '../../node/open-engine.js'
import { embeddingBag } from '../../ops/index.js'
import { openNativeEngine } from './open-native-engine.js'
import type { NativeKind } from './parts.js'

const floats = (shape: number[], fill: (at: number) => number): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => fill(at)),
})
const wave = (at: number) => Math.sin(1 + at * 0.7)

/** A process loads one TensorFlow only, so the one with the GPU is tested where there is a GPU, else the other. */
const reasons: string[] = []
let kind: NativeKind | undefined
for (const candidate of ['native-gpu', 'native'] as const) {
  const engine: Engine | string = await openNativeEngine({ kind: candidate, threads: 1 }).catch((error: Error) => error.message)
  if (typeof engine === 'string') {
    reasons.push(`${candidate}: ${engine}`)
    continue
  }
  await engine.dispose()
  kind = candidate
  break
}

describe.skipIf(!kind)(`the eager engine on TensorFlow (${kind ?? reasons.join('; ')})`, () => {
  let native: Engine
  let cpu: Engine
  beforeAll(async () => {
    native = await openNativeEngine({ kind: kind!, threads: 1 })
    cpu = await createEagerEngine({ backend: 'cpu' })
  })
  afterAll(async () => {
    await native.dispose()
    await cpu.dispose()
  })

  it('computes a known result and gradient', () => probeEngine(native))

  it.each(Object.entries(trainingProblems))('trains %s as the other engines do, over 50 steps', async (_, problem) => {
    const losses = await trainingLosses(native, problem)
    expect(losses[49]).toBeLessThan(0.9 * losses[0])
    // cpu is right and slow.
    for (const [backend, steps] of [
      ['cpu', 10],
      ['wasm', 50],
      ['traced', 50],
    ] as const) {
      // biome-ignore format: pairs
      const other = await openEngine({ backend, threads: 1 })
      const expected = await trainingLosses(other, problem, steps).finally(() => other.dispose())
      expect(expected).toHaveLength(steps)
      for (const [at, loss] of expected.entries()) expect(Math.abs(loss - losses[at]), `${backend}, step ${at}`).toBeLessThan(1e-5)
    }
  })

  it.each([
    ['conv2d', (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 2, 1)],
    ['conv2d, each side for itself', (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, [[0, 0], [2, 0], [1, 2], [0, 0]])], // biome-ignore format: pairs
    ['depthwiseConv2d', (x: tf.Tensor4D, w: tf.Tensor4D) => tf.depthwiseConv2d(x, w, 1, 1)],
    ['maxPool', (x: tf.Tensor4D) => tf.maxPool(x, 3, 2, 1)],
    ['avgPool', (x: tf.Tensor4D) => tf.avgPool(x, 3, 2, 1)],
  ])('pads by amounts, as other backends do: %s', async (_, op) => {
    const parameters = new Map([
      ['x', floats([2, 7, 6, 3], wave)],
      ['w', floats([3, 3, 3, 2], wave)],
    ])
    const fn = (weights: { get(name: string): tf.Tensor }) => {
      const y = op(weights.get('x') as tf.Tensor4D, weights.get('w') as tf.Tensor4D)
      return { y, loss: tf.sum(tf.mul(tf.reshape(y, [-1]), tf.cos(tf.range(0, y.size)))) as tf.Scalar }
    }
    const options = { constants: new Map(), trainable: ['x', 'w'] }
    const [expected, got] = await Promise.all(
      [cpu, native].map(async (engine) => (await engine.differentiate(fn, options)).run({}, parameters)),
    )
    expect(got.outputs.y.shape).toEqual(expected.outputs.y.shape)
    for (const [at, value] of got.outputs.y.data.entries()) expect(value).toBeCloseTo(expected.outputs.y.data[at], 5)
    // Not those of cpu: its gradient of average pooling is wrong.
    expect((await checkGradients(native, fn, { inputs: {}, parameters })).maxError).toBeLessThan(1e-2)
  })

  it.each(['sum', 'mean'] as const)('sums rows of a table, %s, with weights and empty bags', async (mode) => {
    const inputs = {
      ids: { shape: [5], data: Int32Array.of(0, 3, 3, 1, 0) },
      offsets: { shape: [5], data: Int32Array.of(0, 2, 2, 5, 5) },
    }
    const parameters = new Map([
      ['table', floats([4, 3], wave)],
      ['weights', floats([5], (at) => 1 + at)],
    ])
    const fn = (weights: { get(name: string): tf.Tensor }, { ids, offsets }: Record<string, tf.Tensor>) => {
      const y = embeddingBag(weights.get('table') as tf.Tensor2D, ids as tf.Tensor1D, offsets as tf.Tensor1D, {
        mode,
        weights: weights.get('weights') as tf.Tensor1D,
      })
      return { y, loss: tf.sum(tf.mul(y, tf.cos(tf.reshape(tf.range(0, 12), [4, 3])))) as tf.Scalar }
    }
    const found = await (await native.differentiate(fn, { constants: new Map(), trainable: ['table', 'weights'] })).run(inputs, parameters)
    const reference = await (await cpu.differentiate(fn, { constants: new Map(), trainable: ['table', 'weights'] })).run(inputs, parameters)
    for (const [at, value] of found.outputs.y.data.entries()) expect(value).toBeCloseTo(reference.outputs.y.data[at], 5)
    expect((await checkGradients(native, fn, { inputs, parameters })).maxError).toBeLessThan(1e-2)
  })

  it('holds nothing after its steps, and takes no note of later changes of what it was given', async () => {
    const problem = trainingProblems['a small convolutional network']
    const before = native.memory()
    await trainingLosses(native, problem, 5)
    expect(native.memory()).toEqual(before)
    const given = floats([2], () => 3)
    const compiled = await native.compile((weights, { x }) => ({ y: tf.mul(weights.get('c'), x), same: x }), {
      constants: new Map([['c', given]]),
    })
    given.data.fill(100)
    const x = floats([2], () => 2)
    const { y, same } = await compiled.run({ x })
    expect([...y.data]).toEqual([6, 6])
    same.data[0] = 99
    expect(x.data[0]).toBe(2)
    compiled.dispose()
  })

  it('refuses another TensorFlow in the same process', async () => {
    const other = kind === 'native' ? 'native-gpu' : 'native'
    await expect(openNativeEngine({ kind: other, threads: 1 })).rejects.toMatchObject({ code: 'engine.unusable' })
  })
})
