import type { Engine } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients } from './check-gradients.js'
import { createEagerEngine } from './eager/create-eager-engine.js'

const w = { shape: [2, 2], data: Float32Array.of(0.5, -1, 2, 0.1) }
const frozen = { shape: [2], data: Float32Array.of(3, 4) }
const parameters = new Map([
  ['w', w],
  ['frozen', frozen],
])

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine.dispose())

describe('checkGradients', () => {
  it('accepts right gradients, and leaves the weights as they were', async () => {
    const before = w.data.slice()
    const check = await checkGradients(
      engine,
      (weights, { x }) => ({ loss: tf.sum(tf.sin(tf.mul(tf.mul(weights.get('w'), weights.get('frozen')), x))) as tf.Scalar }),
      { inputs: { x: { shape: [1], data: Float32Array.of(0.3) } }, parameters, trainable: ['w'] },
    )
    expect(check.checked.map(({ name }) => name)).toEqual(['w', 'w', 'w', 'w'])
    expect(check.maxError).toBeLessThan(5e-3)
    expect(w.data).toEqual(before)
    expect(engine.memory()).toEqual({ tensors: 0, bytes: 0 })
  })

  it('finds a gradient that is wrong in one entry, and names it', async () => {
    const check = await checkGradients(
      engine,
      (weights) => {
        const wrong = tf.customGrad((x) => ({
          value: tf.sum(tf.square(x as tf.Tensor)),
          gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(tf.tensor2d([[2, 2], [1, 2]]), x as tf.Tensor)), // biome-ignore format: a matrix
        }))
        return { loss: wrong(weights.get('w')) as tf.Scalar }
      },
      { inputs: {}, parameters, trainable: ['w'] },
    )
    expect(check.worst).toMatchObject({ name: 'w', index: 2, analytic: 2 })
    expect(check.worst.numeric).toBeCloseTo(4, 2)
    expect(check.maxError).toBeGreaterThan(0.3)
  })

  it('does not pass a loss that is not a number', async () => {
    const check = await checkGradients(engine, (weights) => ({ loss: tf.mul(tf.sum(weights.get('w')), Number.NaN) as tf.Scalar }), {
      inputs: {},
      parameters,
      trainable: ['w'],
    })
    expect(check.maxError).toBe(Number.POSITIVE_INFINITY)
  })

  it('says when there is nothing to check', async () => {
    const nothing = checkGradients(engine, () => ({ loss: tf.scalar(1) }), { inputs: {}, parameters: new Map() })
    await expect(nothing).rejects.toMatchObject({ code: 'gradients.nothing' })
  })
})
