import type { HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tinyBertBatch, tinyBertEncoder, tinyBertShape, tinyBertWeights } from './node/tiny-bert.js'
import { recordOnnx } from './record-onnx.js'
import '@tensorflow/tfjs-backend-cpu'

const ort = await import('onnxruntime-node').catch(() => undefined)

const matrix = (rows: number, columns: number): HostTensor => ({
  shape: [rows, columns],
  data: Float32Array.from({ length: rows * columns }, (_, i) => i),
})

describe('recordOnnx', () => {
  it('refuses an axis of which not all sizes are treated alike', async () => {
    const every = (step: number) =>
      recordOnnx((_, { x }) => ({ y: tf.stridedSlice(x, [0, 0], [...x.shape], [1, step]) }), {
        constants: new Map(),
        sampleInputs: { x: matrix(6, 8) },
        dynamicAxes: { x: { 0: 'batch', 1: 'length' } },
      })
    await expect(every(2)).rejects.toMatchObject({ code: 'onnx.not-dynamic', message: expect.stringMatching(/^the sizes length cannot/) })
    expect((await every(1)).length).toBeGreaterThan(0)
  })

  it('refuses an axis that cannot be open, with the reason', async () => {
    const options = { constants: new Map([['w', { shape: [3, 2], data: new Float32Array(6) }]]), sampleInputs: { x: matrix(2, 3) } }
    await expect(
      recordOnnx((weights, { x }) => ({ y: tf.matMul(x as tf.Tensor2D, weights.get('w') as tf.Tensor2D) }), {
        ...options,
        dynamicAxes: { x: { 1: 'width' } },
      }),
    ).rejects.toMatchObject({ code: 'onnx.not-dynamic', message: expect.stringContaining('width') })
    await expect(recordOnnx((_, { x }) => ({ y: tf.neg(x) }), { ...options, dynamicAxes: { y: { 0: 'batch' } } })).rejects.toMatchObject({
      code: 'onnx.not-dynamic',
    })
  })

  it('refuses an output that is called like an input', async () => {
    const recording = recordOnnx((_, { x }) => ({ x: tf.neg(x) }), { constants: new Map(), sampleInputs: { x: matrix(2, 3) } })
    await expect(recording).rejects.toMatchObject({ code: 'onnx.names' })
  })

  it.skipIf(!ort)('writes an encoder whose batch and length are open (needs onnxruntime-node)', async () => {
    const shape = { ...tinyBertShape, ops: 'composite' } as const
    const weights = tinyBertWeights(shape)
    const encode = tinyBertEncoder(shape)
    const sample = tinyBertBatch(shape, { batch: 3, anchor: 5, positive: 2 })
    const axes = { 0: 'batch', 1: 'length' }
    const file = await recordOnnx((weights, { ids, mask }) => ({ vectors: encode(weights, ids, mask) }), {
      constants: weights,
      sampleInputs: { ids: sample['anchor_ids'], mask: sample['anchor_mask'] },
      dynamicAxes: { ids: axes, mask: axes },
      int64Inputs: ['ids', 'mask'],
    })
    const session = await ort!.InferenceSession.create(file)
    expect(session.inputNames).toEqual(['ids', 'mask'])
    expect(session.outputMetadata[0]).toMatchObject({ name: 'vectors', shape: ['batch', shape.width] })
    await tf.setBackend('cpu')
    for (const [batch, length] of [
      [2, 4],
      [7, 12],
      [1, 3],
    ]) {
      const { anchor_ids, anchor_mask } = tinyBertBatch(shape, { batch, anchor: length, positive: 2 })
      const wide = ({ shape, data }: HostTensor) => new ort!.Tensor('int64', BigInt64Array.from(Array.from(data, BigInt)), [...shape])
      const { vectors } = await session.run({ ids: wide(anchor_ids), mask: wide(anchor_mask) })
      const expected = tf.tidy(() => {
        const get = (name: string) => tf.tensor(weights.get(name)!.data, [...weights.get(name)!.shape])
        const [ids, mask] = [anchor_ids, anchor_mask].map(({ data, shape }) => tf.tensor(data, [...shape]))
        return encode({ get }, tf.cast(ids, 'int32'), mask).dataSync()
      })
      expect(vectors.dims).toEqual([batch, shape.width])
      for (const [i, value] of expected.entries()) expect(Math.abs((vectors.data as Float32Array)[i] - value)).toBeLessThan(1e-5)
    }
    await session.release()
  })
})
