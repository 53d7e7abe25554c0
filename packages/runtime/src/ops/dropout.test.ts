import type { DropoutMask, Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients } from '../check-gradients.js'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import { openTracedEngine } from '../traced/node/open-traced-engine.js'
import { attendDropping, dropout } from './dropout.js'

const keep = Uint8Array.of(1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1)
const inputs = { keep: { shape: [4, 3], data: keep } }
const x: HostTensor<Float32Array> = { shape: [2, 6], data: Float32Array.from({ length: 12 }, (_, i) => Math.sin(3 * i)) }
const identity = () => tf.eye(3)
/** The probabilities alone: times the identity. */
const probabilities = (x: tf.Tensor, mask: DropoutMask) => attendDropping(tf.reshape(x, [4, 3]), identity(), mask)
const attended = (x: tf.Tensor, mask: DropoutMask) => {
  const scores = tf.reshape(x, [4, 3])
  return attendDropping(scores, tf.mul(tf.slice(scores, [0, 0], [3, 2]), 2), mask)
}
const ops = { dropout, probabilities, attended }
const openers = {
  cpu: () => createEagerEngine({ backend: 'cpu' }),
  wasm: () => createEagerEngine({ backend: 'wasm' }),
  traced: () => openTracedEngine({ threads: 1 }),
}

describe.each(Object.entries(openers))('dropout on %s', (_, open) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await open()
  })
  afterAll(() => engine.dispose())

  const run = async (op: (x: tf.Tensor, mask: DropoutMask) => tf.Tensor) => {
    const compiled = await engine.compile((weights, { keep }) => ({ y: op(weights.get('x'), { keep, rate: 0.2 }) }), {
      constants: new Map([['x', x]]),
    })
    const { y } = await compiled.run(inputs)
    compiled.dispose()
    return y
  }

  it('leaves units out and scales the others', async () => {
    const { shape, data } = await run(dropout)
    expect(shape).toEqual([2, 6])
    for (const [i, value] of data.entries()) expect(value).toBeCloseTo(keep[i] * x.data[i] * 1.25, 6)
    expect((await run((x) => dropout(x, undefined))).data).toEqual(x.data)
  })

  it('leaves units out behind a softmax over all of them', async () => {
    const [dropped, whole] = [await run(probabilities), await run((x) => tf.softmax(tf.reshape(x, [4, 3])))]
    for (const [i, value] of dropped.data.entries()) expect(value).toBeCloseTo(keep[i] * whole.data[i], 6)
  })

  it.each(['dropout', 'probabilities', 'attended'] as const)('%s has the gradient that finite differences give', async (name) => {
    const check = await checkGradients(
      engine,
      (weights, { keep }) => ({ loss: tf.sum(tf.square(ops[name](weights.get('x'), { keep, rate: 0.2 }))) as tf.Scalar }),
      { inputs, parameters: new Map([['x', x]]) },
    )
    expect(check.maxError, JSON.stringify(check.worst)).toBeLessThan(1e-2)
  })
})
