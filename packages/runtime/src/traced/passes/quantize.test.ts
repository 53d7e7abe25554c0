import type { HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { conv2d, gatherRows } from '../../ops/index.js'
import { openOnnxModel } from '../node/open-onnx-model.js'
import { type Calibration, recordOnnx } from '../record-onnx.js'
import { int8Columns, int8Rows, transposed } from './int8-matrix.js'

const ort = await import('onnxruntime-node').catch(() => undefined)

/** The same numbers each time, between −1 and 1. */
const numbers = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => {
    const large = Math.sin((i + 1) * 12.9898 * seed) * 43758.5453
    return 2 * (large - Math.floor(large)) - 1
  })

describe('int8 matrices', () => {
  const matrix = Float32Array.of(1, -3, 4, 0, 0, 0)
  it('have a scale for each row', () => {
    const { values, scales } = int8Rows(matrix, [2, 3], 127)
    expect([...values]).toEqual([32, -95, 127, 0, 0, 0])
    expect([...scales]).toEqual([Math.fround(4 / 127), 1])
  })
  it('have a scale for each column', () => {
    const { values, scales } = int8Columns(matrix, [3, 2], 127)
    expect([...values]).toEqual([32, -127, 127, 0, 0, 0])
    expect([...scales]).toEqual([4, 3].map((most) => Math.fround(most / 127)))
  })
  it('are turned', () => {
    expect([...transposed(matrix, [2, 3])]).toEqual([1, 0, -3, 0, 4, 0])
  })
})

describe.skipIf(!ort)('quantize (needs onnxruntime-node)', () => {
  const [width, inner] = [96, 160]
  const constants = new Map<string, HostTensor<Float32Array>>([
    ['up', { shape: [inner, width], data: numbers(inner * width) }],
    ['down', { shape: [inner, width], data: numbers(inner * width, 2) }],
    ['bias', { shape: [inner], data: numbers(inner, 3) }],
  ])
  /** up: as checkpoints have it, transposed; down: as it is. */
  const record = (quantize?: 'int8', calibration?: Calibration) =>
    recordOnnx(
      (weights, { x }) => {
        const hidden = tf.add(tf.matMul(tf.tanh(x) as tf.Tensor2D, weights.get('up') as tf.Tensor2D, false, true), weights.get('bias'))
        return { y: tf.matMul(tf.relu(hidden) as tf.Tensor2D, weights.get('down') as tf.Tensor2D) }
      },
      {
        constants,
        sampleInputs: { x: { shape: [4, width], data: new Float32Array(4 * width) } },
        dynamicAxes: { x: { 0: 'rows' } },
        ...{ quantize, calibration },
      },
    )
  const run = async (file: Uint8Array, rows: number, x: Float32Array) => {
    const session = await ort!.InferenceSession.create(file, { logSeverityLevel: 3 })
    const { y } = await session.run({ x: new ort!.Tensor('float32', x, [rows, width]) })
    await session.release()
    return y.data as Float32Array
  }

  it('keeps products close, and makes the file a quarter of the size', async () => {
    const [plain, quantized] = [await record(), await record('int8')]
    expect(quantized.length).toBeLessThan(0.3 * plain.length)
    const x = numbers(5 * width, 5)
    const [wanted, found] = [await run(plain, 5, x), await run(quantized, 5, x)]
    const norm = (values: Float32Array) => Math.hypot(...values)
    const error = norm(wanted.map((value, i) => value - found[i])) / norm(wanted)
    expect(error).toBeLessThan(0.015)
    // It is quantised, not passed through.
    expect(error).toBeGreaterThan(1e-5)
  })

  it('gives a row the same result alone, beside an outlier, and beside a row of zeros', async () => {
    const quantized = await record('int8')
    const rows = numbers(3 * width, 7)
    rows.fill(0, width, 2 * width)
    for (let i = 2 * width; i < 3 * width; i++) rows[i] *= 1000
    const together = await run(quantized, 3, rows)
    const alone = await run(quantized, 1, rows.slice(0, width))
    expect(together.slice(0, width)).toEqual(alone)
    expect(together.every(Number.isFinite)).toBe(true)
  })

  describe('with a sample', () => {
    const errorOf = (wanted: Float32Array, found: Float32Array) =>
      Math.hypot(...wanted.map((value, i) => value - found[i])) / Math.hypot(...wanted)
    const sampled = (samples: readonly Float32Array[], open: Calibration['open'] = openOnnxModel) =>
      record('int8', { open, samples: samples.map((data) => ({ x: { shape: [data.length / width, width], data } })) })
    // What is multiplied with goes through tanh first: columns that are nearly all zeros, and some that reach far.
    const rows = (count: number, seed: number) => numbers(count * width, seed).map((value, i) => value * ((i % width) % 7 === 0 ? 3 : 0.05))

    it('keeps products close, with scales that do not depend on the rows', async () => {
      const [plain, quantized] = [await record(), await sampled([rows(40, 11), rows(3, 12)])]
      const x = rows(5, 13)
      const together = await run(quantized, 5, x)
      expect(errorOf(await run(plain, 5, x), together)).toBeLessThan(0.02)
      for (let i = 0; i < 5; i++) {
        const alone = await run(quantized, 1, x.slice(i * width, (i + 1) * width))
        expect(together.slice(i * width, (i + 1) * width)).toEqual(alone)
      }
    })

    it('takes less to compute: no row is looked through for its scale', async () => {
      const operators = (file: Uint8Array) => new TextDecoder('latin1').decode(file)
      expect(operators(await record('int8'))).toContain('ReduceMax')
      expect(operators(await sampled([rows(4, 1)]))).not.toContain('ReduceMax')
    })

    it('cuts off what lies far beyond the sample, and nothing else', async () => {
      const quantized = await sampled([rows(40, 11)])
      const x = rows(2, 14)
      const before = await run(quantized, 2, x)
      x.fill(1e6, 0, width)
      const after = await run(quantized, 2, x)
      expect(after.slice(width)).toEqual(before.slice(width))
      expect(after.every(Number.isFinite)).toBe(true)
    })

    it('finds scales as they come where a sample shows nothing', async () => {
      expect(await sampled([])).toEqual(await record('int8'))
      expect(await sampled([new Float32Array(2 * width).fill(Number.NaN)])).toEqual(await record('int8'))
      const zeros = await sampled([new Float32Array(2 * width)])
      expect((await run(zeros, 1, rows(1, 3))).every(Number.isFinite)).toBe(true)
    })

    it('gives back what it has loaded, also where a run fails', async () => {
      let loaded = 0
      const failing = sampled([rows(4, 1)], async () => {
        loaded++
        return {
          run: () => Promise.reject(new Error('out of order')),
          release: async () => {
            loaded--
          },
        }
      })
      await expect(failing).rejects.toThrow('out of order')
      expect(loaded).toBe(0)
    })
  })

  it('keeps a large table in eight bits', async () => {
    const [count, columns] = [4096, 64]
    const table = { shape: [count, columns], data: numbers(count * columns) }
    const ids = { shape: [2, 3], data: Int32Array.of(0, 4095, 7, 7, 1, 2) }
    const options = { constants: new Map([['table', table]]), sampleInputs: { ids }, quantize: 'int8' } as const
    const file = await recordOnnx((weights, { ids }) => ({ y: gatherRows(weights.get('table') as tf.Tensor2D, ids) }), options)
    expect(file.length).toBeLessThan(count * (columns + 4) + 2000)
    const session = await ort!.InferenceSession.create(file)
    const { y } = await session.run({ ids: new ort!.Tensor('int32', ids.data, ids.shape) })
    expect(y.dims).toEqual([2, 3, columns])
    const far = (y.data as Float32Array).map((value, i) =>
      Math.abs(value - table.data[ids.data[Math.floor(i / columns)] * columns + (i % columns)]),
    )
    expect(Math.max(...far)).toBeLessThan(0.5 / 127 + 1e-6)
    await session.release()
  })

  it('keeps large filters in eight bits, and computes as before', async () => {
    const filters = new Map([
      ['large', { shape: [32, 16, 3, 3], data: numbers(32 * 16 * 9) }],
      ['small', { shape: [4, 32, 1, 1], data: numbers(128) }],
    ])
    const options = { constants: filters, sampleInputs: { x: { shape: [2, 9, 9, 16], data: new Float32Array(2 * 81 * 16) } } }
    const convolved = (weights: { get(name: string): tf.Tensor }, { x }: { readonly [name: string]: tf.Tensor }) => {
      const hidden = conv2d(x as tf.Tensor4D, weights.get('large') as tf.Tensor4D, { padding: 1 })
      return { y: conv2d(tf.relu(hidden), weights.get('small') as tf.Tensor4D) }
    }
    const [plain, quantized] = [await recordOnnx(convolved, options), await recordOnnx(convolved, { ...options, quantize: 'int8' })]
    expect(plain.length - quantized.length).toBeGreaterThan(2.7 * 32 * 16 * 9)
    const x = new ort!.Tensor('float32', numbers(2 * 81 * 16, 4), [2, 9, 9, 16])
    const run = async (file: Uint8Array) => {
      const session = await ort!.InferenceSession.create(file)
      const { y } = await session.run({ x })
      await session.release()
      return y.data as Float32Array
    }
    const [wanted, found] = [await run(plain), await run(quantized)]
    const error = Math.hypot(...wanted.map((value, i) => value - found[i])) / Math.hypot(...wanted)
    expect(error).toBeLessThan(0.01)
    expect(error).toBeGreaterThan(1e-5)
  })

  it('refuses a function with nothing to quantise', async () => {
    const options = { constants: new Map(), sampleInputs: { x: { shape: [2, 3], data: new Float32Array(6) } }, quantize: 'int8' } as const
    await expect(recordOnnx((_, { x }) => ({ y: tf.neg(x) }), options)).rejects.toMatchObject({ code: 'onnx.nothing-to-quantize' })
  })
})
