import type { Differentiated, Engine, HostTensor, Inputs, Parameters } from '@ms/core/tensor'
import type * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../../eager/create-eager-engine.js'
import { openTracedEngine } from './open-traced-engine.js'
import { tinyBertBatch, tinyBertEncoder, tinyBertLoss, tinyBertShape, tinyBertWeights } from './tiny-bert.js'

const installed = await openTracedEngine({ threads: 1 }).then(
  () => true,
  () => false,
)

const mutable = (weights: Parameters) => new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))

/** Largest difference between two tensors, relative to the largest entry of the first. */
function relativeDifference(expected: HostTensor, got: HostTensor): number {
  expect(got.shape).toEqual(expected.shape)
  let [largest, difference] = [0, 0]
  expected.data.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value))
    difference = Math.max(difference, Math.abs(value - got.data[i]))
  })
  return largest < 1e-6 ? difference : difference / largest
}

class Adam {
  readonly #moments = new Map<string, { first: Float32Array; second: Float32Array }>()
  #step = 0

  update(weights: Map<string, HostTensor<Float32Array>>, gradients: ReadonlyMap<string, HostTensor<Float32Array>>, rate = 1e-3): void {
    this.#step++
    for (const [name, { data: gradient }] of gradients) {
      const { data } = weights.get(name)!
      const moments = this.#moments.get(name) ?? { first: new Float32Array(data.length), second: new Float32Array(data.length) }
      this.#moments.set(name, moments)
      const { first, second } = moments
      for (let i = 0; i < data.length; i++) {
        first[i] = 0.9 * first[i] + 0.1 * gradient[i]
        second[i] = 0.999 * second[i] + 0.001 * gradient[i] ** 2
        const unbiased = first[i] / (1 - 0.9 ** this.#step)
        data[i] -= (rate * unbiased) / (Math.sqrt(second[i] / (1 - 0.999 ** this.#step)) + 1e-8)
      }
    }
  }
}

function descend(weights: Map<string, HostTensor<Float32Array>>, gradients: ReadonlyMap<string, HostTensor<Float32Array>>): void {
  for (const [name, { data: gradient }] of gradients) {
    const { data } = weights.get(name)!
    for (let i = 0; i < data.length; i++) data[i] -= 0.05 * gradient[i]
  }
}

async function losses(
  step: Differentiated<{ loss: tf.Scalar; scores: tf.Tensor2D }>,
  weights: Parameters,
  batches: readonly Inputs[],
  optimizer: 'adam' | 'sgd',
) {
  const values = mutable(weights)
  const adam = new Adam()
  const found: number[] = []
  for (const batch of batches) {
    const { outputs, gradients } = await step.run(batch, values)
    found.push(outputs.loss.data[0])
    if (optimizer === 'adam') adam.update(values, gradients)
    else descend(values, gradients)
  }
  return found
}

describe.skipIf(!installed)('TracedEngine (needs onnxruntime-node)', () => {
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

  for (const ops of ['plain', 'composite'] as const) {
    const options = { ...tinyBertShape, ops }
    const weights = tinyBertWeights(options)
    const fn = tinyBertLoss(options)
    const batches = Array.from({ length: 12 }, (_, i) =>
      tinyBertBatch(options, { batch: 4 + (i % 3), anchor: 6 + (i % 2), positive: 9 + (i % 4) }, i % 3),
    )

    it(`gives the gradients of the cpu engine, ${ops} ops`, async () => {
      const trainable = [...weights.keys()]
      const [expected, got] = await Promise.all(
        [cpu, traced].map(async (engine) => (await engine.differentiate(fn, { constants: new Map(), trainable })).run(batches[0], weights)),
      )
      expect(relativeDifference(expected.outputs.scores, got.outputs.scores)).toBeLessThan(1e-5)
      for (const name of trainable) {
        expect(relativeDifference(expected.gradients.get(name)!, got.gradients.get(name)!), name).toBeLessThan(1e-5)
      }
    })

    for (const optimizer of ['adam', 'sgd'] as const) {
      it(`trains as the cpu engine does, ${ops} ops, ${optimizer}`, async () => {
        const trainable = [...weights.keys()]
        const [expected, got] = await Promise.all(
          [cpu, traced].map(async (engine) =>
            losses(await engine.differentiate(fn, { constants: new Map(), trainable }), weights, batches, optimizer),
          ),
        )
        for (const [i, loss] of got.entries()) expect(Math.abs(loss - expected[i])).toBeLessThan(1e-5)
        expect(expected[9]).toBeLessThan(expected[0])
      })
    }
  }

  it('writes gradients into arrays that it is given, where they are', async () => {
    const options = { ...tinyBertShape, ops: 'composite' } as const
    const weights = tinyBertWeights(options)
    const trainable = [...weights.keys()]
    const [first, ...others] = [1, 2, 3].map((seed) => tinyBertBatch(options, { batch: 4, anchor: 6, positive: 9 }, seed))
    const into = mutable(weights)
    into.delete(trainable[0])
    for (const { data } of into.values()) data.fill(Number.NaN)
    const step = await traced.differentiate(tinyBertLoss(options), { constants: new Map(), trainable })
    for (const batch of [first, ...others, first]) {
      const expected = await step.run(batch, weights)
      const got = await step.run(batch, weights, into)
      expect(got).toEqual(expected)
      for (const name of trainable) expect(got.gradients.get(name)!.data === into.get(name)?.data, name).toBe(into.has(name))
    }
    step.dispose()
  })

  it('encodes as the cpu engine does, at any shape', async () => {
    const options = { ...tinyBertShape, ops: 'composite' } as const
    const constants = tinyBertWeights(options)
    const encode = tinyBertEncoder(options)
    const fn = (weights: { get(name: string): tf.Tensor }, inputs: Readonly<Record<string, tf.Tensor>>) => ({
      vectors: encode(weights, inputs['anchor_ids'], inputs['anchor_mask']),
    })
    const [expected, got] = await Promise.all([cpu.compile(fn, { constants }), traced.compile(fn, { constants })])
    for (const [batch, tokens] of [
      [1, 5],
      [3, 7],
      [16, 16],
      [2, 40],
      [5, 1],
      [1, 1],
      [32, 9],
    ]) {
      const { anchor_ids, anchor_mask } = tinyBertBatch(options, { batch, anchor: tokens, positive: 2 })
      const [a, b] = await Promise.all([expected, got].map((one) => one.run({ anchor_ids, anchor_mask })))
      expect(relativeDifference(a.vectors, b.vectors), `${batch} × ${tokens}`).toBeLessThan(1e-5)
    }
    expected.dispose()
    got.dispose()
  })
})
