import type { Engine, HostTensor, Inputs, Prepared, Tensors } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { groupCount, lengthGroups } from './length-groups.js'

interface Numbers extends Prepared {
  readonly values: readonly number[]
}

const item = (...values: number[]): Numbers => ({ values, cost: values.length })
/** Padded with zeros. */
const processor = {
  collate: (batch: readonly Numbers[]): Inputs => {
    const length = Math.max(...batch.map(({ values }) => values.length))
    const data = Float32Array.from(batch.flatMap(({ values }) => Array.from({ length }, (_, i) => values[i] ?? 0)))
    return { values: { shape: [batch.length, length], data } }
  },
}
/** Sum and first number of each item. */
const encode = ({ values }: Tensors) =>
  tf.stack([tf.sum(values, 1), tf.reshape(tf.slice(values, [0, 0], [values.shape[0], 1]), [-1])], 1) as tf.Tensor2D

const batch = [item(1, 2), item(3), item(4, 5, 6, 7, 8, 9), item(10, 11, 12), item(13, 14, 15, 16, 17), item(18), item(19, 20)]
const expected = batch.map(({ values }) => [values.reduce((a, b) => a + b), values[0]])

describe('lengthGroups', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await createEagerEngine({ backend: 'cpu' })
  })
  afterAll(() => engine.dispose())

  for (const count of [1, 2, 3, 7, 9]) {
    it(`gives the batch's result in its order, cut in ${count}`, async () => {
      const groups = lengthGroups(count)
      const forward = await engine.compile((_, inputs) => ({ result: groups.forward(inputs, encode) }), { constants: new Map() })
      const { result } = await forward.run(groups.collate(batch, processor))
      expect([...result.data]).toEqual(expected.flat())
      forward.dispose()
    })
  }

  it('pads each group to its own longest item, and fills up with the shortest', () => {
    const groups = lengthGroups(3)
    const inputs = groups.collate(batch, processor)
    const shapes = groups.namesOf('values').map((name) => (inputs[name] as HostTensor).shape)
    expect(shapes).toEqual([
      [3, 6],
      [3, 2],
      [3, 1],
    ])
  })
})

describe('groupCount', () => {
  it('is one for pictures and small batches, and bounded for large ones', () => {
    expect(groupCount(32, 1)).toBe(1)
    expect(groupCount(16, 20)).toBe(1)
    expect(groupCount(32, 128)).toBeGreaterThan(3)
    expect(groupCount(512, 500)).toBe(8)
    expect(groupCount(2, 4000)).toBe(2)
  })
})
