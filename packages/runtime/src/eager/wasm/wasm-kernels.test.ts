import { seededRandom } from '@ms/core'
import type { Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients } from '../../check-gradients.js'
import { createEagerEngine } from '../create-eager-engine.js'

const random = seededRandom(3)
const normal = (...shape: number[]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
})

let cpu: Engine
let wasm: Engine
beforeAll(async () => {
  cpu = await createEagerEngine({ backend: 'cpu' })
  wasm = await createEagerEngine({ backend: 'wasm' })
})
afterAll(async () => {
  await cpu.dispose()
  await wasm.dispose()
})

/** Runs forward and gradient on both backends and compares every number. */
async function expectSame(op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, a: HostTensor<Float32Array>, b: HostTensor<Float32Array>) {
  const parameters = new Map([
    ['a', a],
    ['b', b],
  ])
  const results = []
  for (const engine of [cpu, wasm]) {
    const step = await engine.differentiate(
      (weights) => {
        const y = op(weights.get('a'), weights.get('b'))
        return { loss: tf.sum(tf.mul(tf.reshape(y, [-1]), tf.cos(tf.range(0, y.size)))) as tf.Scalar, y }
      },
      { constants: new Map(), trainable: ['a', 'b'] },
    )
    results.push(await step.run({}, parameters))
    step.dispose()
  }
  const [expected, found] = results
  same(expected.outputs.y, found.outputs.y, 'forward')
  for (const name of ['a', 'b']) same(expected.gradients.get(name)!, found.gradients.get(name)!, `gradient of ${name}`)
}

function same(expected: HostTensor, found: HostTensor, what: string) {
  expect(found.shape, what).toEqual(expected.shape)
  const scale = Math.max(1, ...Array.from(expected.data, Math.abs))
  const worst = Math.max(0, ...Array.from(expected.data, (value, at) => Math.abs(value - found.data[at])))
  expect([...found.data].every(Number.isFinite), what).toBe(true)
  expect(worst / scale, what).toBeLessThan(3e-6)
}

describe('matMul', () => {
  // Sizes around the tiles (4 × 8), the blocks (128 rows, 256 deep, 512 columns) and one.
  it.each([
    [1, 1, 1],
    [3, 5, 7],
    [4, 8, 4],
    [13, 17, 300],
    [129, 9, 257],
    [5, 520, 33],
  ])('[%i × %i], %i deep, in every transposition', async (rows, columns, depth) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = transposeA ? normal(depth, rows) : normal(rows, depth)
        const b = transposeB ? normal(columns, depth) : normal(depth, columns)
        await expectSame((a, b) => tf.matMul(a, b, transposeA, transposeB), a, b)
      }
    }
  })

  it('of batches, broadcast where one side has fewer matrices', async () => {
    await expectSame((a, b) => tf.matMul(a, b), normal(2, 3, 5, 6), normal(2, 3, 6, 9))
    await expectSame((a, b) => tf.matMul(a, b, false, true), normal(4, 5, 6), normal(4, 3, 6))
    const compiled = await wasm.compile((_, { a, b }) => ({ y: tf.matMul(a, b) }), { constants: new Map() })
    const [a, b] = [normal(2, 1, 2, 3), normal(4, 3, 5)]
    const { y } = await compiled.run({ a, b })
    compiled.dispose()
    expect(y.shape).toEqual([2, 4, 2, 5])
    for (let at = 0; at < y.data.length; at++) {
      const [i, j, row, column] = [Math.floor(at / 40), Math.floor(at / 10) % 4, Math.floor(at / 5) % 2, at % 5]
      const sum = [0, 1, 2].reduce((s, k) => s + a.data[i * 6 + row * 3 + k] * b.data[j * 15 + k * 5 + column], 0)
      expect(y.data[at]).toBeCloseTo(sum, 5)
    }
  })

  it('with nothing to multiply gives zeros', async () => {
    const compiled = await wasm.compile(() => ({ y: tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])) }), { constants: new Map() })
    expect((await compiled.run({})).y).toEqual({ shape: [2, 3], data: new Float32Array(6) })
    compiled.dispose()
  })
})

describe('sums', () => {
  it.each([[[0]], [[0, 1]], [[1]], [[2]], [[0, 2]], [[0, 1, 2]]])('over axes %j', async (axes) => {
    for (const keep of [false, true]) await expectSame((a, b) => tf.mul(tf.sum(a, axes, keep), tf.sum(b)), normal(3, 4, 5), normal(2))
  })
})

// Where a stride is wider than the filter, TensorFlow.js' own forward kernel pads 'same' wrongly: not compared.
const strides: [number, number][] = [[1, 1], [2, 2], [3, 3], [2, 3]] // biome-ignore format: pairs
describe.each(strides)('convolutions of stride %i, %i', (down, across) => {
  it.each(down < 3 && across < 3 ? (['same', 'valid'] as const) : (['valid'] as const))('padding %s', async (pad) => {
    await expectSame((x, f) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, [down, across], pad), normal(2, 7, 6, 3), normal(3, 2, 3, 4))
    await expectSame(
      (x, f) => tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, [down, across], pad),
      normal(2, 7, 6, 3),
      normal(3, 2, 3, 1),
    )
    await expectSame(
      (x, f) => tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, [down, across], pad),
      normal(1, 8, 9, 2),
      normal(3, 3, 2, 2),
    )
  })

  it('of 1 × 1 and with padding in numbers', async () => {
    await expectSame(
      (x, f) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, [down, across], 'valid'),
      normal(2, 5, 6, 3),
      normal(1, 1, 3, 4),
    )
    if (down !== across) return
    await expectSame((x, f) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, [down, across], 2), normal(1, 5, 6, 2), normal(3, 3, 2, 2))
  })

  it('have the gradients that finite differences give', async () => {
    const parameters = new Map([
      ['x', normal(1, 6, 7, 2)],
      ['filter', normal(3, 3, 2, 3)],
      ['depthwise', normal(3, 3, 3, 1)],
    ])
    const check = await checkGradients(
      wasm,
      (weights) => {
        const hidden = tf.conv2d(weights.get('x') as tf.Tensor4D, weights.get('filter') as tf.Tensor4D, [down, across], 'same')
        const y = tf.depthwiseConv2d(hidden, weights.get('depthwise') as tf.Tensor4D, 1, 'same')
        return { loss: tf.mean(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape))) as tf.Scalar }
      },
      { inputs: {}, parameters },
    )
    expect(check.maxError, JSON.stringify(check.worst)).toBeLessThan(2e-2)
  })
})

describe('unsortedSegmentSum', () => {
  it('adds rows of equal number, drops numbers out of range, in both types', async () => {
    const compiled = await wasm.compile(
      (_, { x, ids }) => ({
        floats: tf.unsortedSegmentSum(x, vector(ids), 3),
        ints: tf.unsortedSegmentSum(tf.cast(x, 'int32'), vector(ids), 3),
      }),
      { constants: new Map() },
    )
    const x = { shape: [4, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) }
    const { floats, ints } = await compiled.run({ x, ids: { shape: [4], data: Int32Array.of(2, 0, 2, -1) } })
    compiled.dispose()
    expect(floats).toEqual({ shape: [3, 2], data: Float32Array.of(3, 4, 0, 0, 6, 8) })
    expect(ints).toEqual({ shape: [3, 2], data: Int32Array.of(3, 4, 0, 0, 6, 8) })
  })
})

const vector = (tensor: tf.Tensor) => tensor as tf.Tensor1D
