import type { Engine, HostTensor, Inputs, Parameters, TensorFunction } from '@ms/core/tensor'
import type * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../../eager/create-eager-engine.js'
import { openTracedEngine } from './open-traced-engine.js'
import { tinyBertBatch, tinyBertLoss, tinyBertShape, tinyBertWeights } from './tiny-bert.js'
import { tinyCnnBatch, tinyCnnLoss, tinyCnnWeights } from './tiny-cnn.js'

const steps = 50

const bert = { ...tinyBertShape, ops: 'composite', layers: 1 } as const

interface Subject {
  readonly name: string
  readonly fn: TensorFunction<{ loss: tf.Scalar; scores: tf.Tensor2D }>
  readonly trainable: Parameters
  readonly constants: Parameters
  readonly rate: number
  readonly batches: readonly Inputs[]
}

const subjects: readonly Subject[] = [
  {
    name: 'a small BERT',
    fn: tinyBertLoss(bert),
    trainable: tinyBertWeights(bert),
    constants: new Map(),
    rate: 0.02,
    batches: Array.from({ length: 5 }, (_, i) =>
      tinyBertBatch(bert, { batch: 4 + (i % 2), anchor: 6 + (i % 2), positive: 9 + (i % 3) }, i),
    ),
  },
  {
    name: 'a small CNN',
    fn: tinyCnnLoss,
    ...tinyCnnWeights(),
    rate: 0.01,
    batches: Array.from({ length: 5 }, (_, i) => tinyCnnBatch(4 + (i % 2), i)),
  },
]

/** Losses of training with momentum. */
async function train(engine: Engine, { fn, trainable, constants, rate, batches }: Subject): Promise<number[]> {
  const weights = new Map([...trainable].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
  const momentum = new Map([...trainable].map(([name, { data }]) => [name, new Float32Array(data.length)]))
  const step = await engine.differentiate(fn, { constants, trainable: [...trainable.keys()] })
  const losses: number[] = []
  for (let i = 0; i < steps; i++) {
    const { outputs, gradients } = await step.run(batches[i % batches.length], weights)
    losses.push(outputs.loss.data[0])
    for (const [name, { data: gradient }] of gradients) descend(weights.get(name)!, momentum.get(name)!, gradient, rate)
  }
  step.dispose()
  return losses
}

function descend({ data }: HostTensor<Float32Array>, momentum: Float32Array, gradient: Float32Array, rate: number): void {
  for (let i = 0; i < data.length; i++) {
    momentum[i] = 0.9 * momentum[i] + gradient[i]
    data[i] -= rate * momentum[i]
  }
}

describe('all engines train alike', () => {
  let cpu: Engine
  let others: Engine[]
  beforeAll(async () => {
    cpu = await createEagerEngine({ backend: 'cpu' })
    others = [await createEagerEngine({ backend: 'wasm' })]
    const traced = await openTracedEngine({ threads: 1 }).catch(() => undefined)
    if (traced) others.push(traced)
  })
  afterAll(async () => {
    for (const engine of [cpu, ...others]) await engine.dispose()
  })

  it.each(subjects.map((subject) => [subject.name, subject] as const))(`${steps} steps of %s`, async (_, subject) => {
    const expected = await train(cpu, subject)
    // The last round over the batches is better than the first.
    const sum = (losses: readonly number[]) => losses.reduce((a, b) => a + b)
    expect(sum(expected.slice(-5))).toBeLessThan(0.9 * sum(expected.slice(0, 5)))
    for (const engine of others) {
      const losses = await train(engine, subject)
      for (const [i, loss] of losses.entries()) expect(Math.abs(loss - expected[i]), `${engine.name}, step ${i}`).toBeLessThan(1e-5)
    }
  })
})
