import type { Engine, HostTensor, Parameters, UpdateFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTracedEngine } from './open-traced-engine.js'
import { tinyBertBatch, tinyBertLoss, tinyBertShape, tinyBertWeights } from './tiny-bert.js'

const installed = await openTracedEngine({ threads: 1 }).then(
  () => true,
  () => false,
)

const bert = { ...tinyBertShape, ops: 'composite', layers: 1 } as const
const loss = tinyBertLoss(bert)
const weights = tinyBertWeights(bert)
const trainable = [...weights.keys()]
const kept: Parameters = new Map([...weights].filter(([name]) => name !== 'words'))
const zeros: Parameters = new Map(
  [...kept].map(([name, { shape, data }]) => [`sum/${name}`, { shape, data: new Float32Array(data.length) }]),
)
const rate = 0.02

/** Momentum of .9; tells the largest gradient, that of what is given among them. */
const momentum: UpdateFunction<{ largest: tf.Scalar }> = ({ weights, state, gradients, scalars }) => {
  const sums = Object.keys(weights).map((name) => [name, tf.add(tf.mul(state[`sum/${name}`], 0.9), gradients[name])] as const)
  return {
    weights: Object.fromEntries(sums.map(([name, sum]) => [name, tf.sub(weights[name], tf.mul(scalars['rate'], sum))])),
    state: Object.fromEntries(sums.map(([name, sum]) => [`sum/${name}`, sum])),
    outputs: { largest: tf.max(tf.stack(Object.values(gradients).map((gradient) => tf.max(tf.abs(gradient))))) as tf.Scalar },
  }
}
const options = { constants: new Map(), trainable, kept, state: zeros, scalars: ['rate'], update: momentum }
const batches = Array.from({ length: 12 }, (_, i) => tinyBertBatch(bert, { batch: 3 + (i % 3), anchor: 5 + (i % 4), positive: 4 + i }, i))
const given = new Map([['words', weights.get('words')!]])

/** The same with `differentiate`, in host memory. */
async function onHost(engine: Engine) {
  const step = await engine.differentiate(loss, { constants: new Map(), trainable })
  const values = new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
  const sums = new Map([...values].map(([name, { data }]) => [name, new Float32Array(data.length)]))
  const losses: number[] = []
  const words: HostTensor[] = []
  for (const batch of batches) {
    const { outputs, gradients } = await step.run(batch, values)
    losses.push(outputs.loss.data[0])
    words.push(gradients.get('words')!)
    for (const [name, { data }] of values) {
      if (name === 'words') continue
      const sum = sums.get(name)!
      const gradient = gradients.get(name)!.data
      for (let i = 0; i < data.length; i++) {
        sum[i] = 0.9 * sum[i] + gradient[i]
        data[i] -= rate * sum[i]
      }
    }
  }
  step.dispose()
  return { losses, words, values, sums }
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>) => Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])))

describe.skipIf(!installed)('Engine.resident of the traced engine (needs onnxruntime-node)', () => {
  let engines: Engine[]
  beforeAll(async () => {
    engines = [
      await openTracedEngine({ threads: 1, resident: true }),
      await openTracedEngine({ threads: 1, resident: true, worker: true }),
      // A graph for each shape: what one has made goes into the next, and outlives it.
      await openTracedEngine({ threads: 1, resident: true, maxGraphs: 1 }),
    ]
  })
  afterAll(async () => {
    for (const engine of engines) await engine.dispose()
  })

  it('makes the same steps as differentiating and updating, at many shapes, and holds one set of tensors', async () => {
    const expected = await onHost(engines[0])
    for (const engine of engines) {
      const resident = await engine.resident!(loss, options)
      expect((await resident.read()).weights.get('positions')!.data).toEqual(weights.get('positions')!.data)
      for (const [i, batch] of batches.entries()) {
        const { outputs, gradients } = await resident.step(batch, given, { rate })
        expect(Math.abs(outputs.loss.data[0] - expected.losses[i]), `step ${i}`).toBeLessThan(1e-5)
        expect([...gradients.keys()]).toEqual(['words'])
        expect(apart(gradients.get('words')!.data, expected.words[i].data)).toBeLessThan(1e-4)
        expect(outputs.largest.data[0]).toBeGreaterThanOrEqual(apart(expected.words[i].data, new Float32Array(1e5)) - 1e-4)
        expect(engine.memory().tensors).toBe(2 * kept.size)
      }
      const { weights: last, state } = await resident.read()
      for (const [name, { data, shape }] of last) {
        expect(shape).toEqual(weights.get(name)!.shape)
        expect(apart(data, expected.values.get(name)!.data), name).toBeLessThan(1e-4)
        expect(apart(state.get(`sum/${name}`)!.data, expected.sums.get(name)!), name).toBeLessThan(1e-3)
      }
      // What was read is the reader's own.
      last.get('positions')!.data.fill(0)
      expect((await resident.read()).weights.get('positions')!.data).not.toEqual(last.get('positions')!.data)
      resident.dispose()
      expect(engine.memory()).toEqual({ tensors: 0, bytes: 0 })
      await expect(resident.step(batches[0], given, { rate })).rejects.toMatchObject({ code: 'engine.disposed' })
      await expect(resident.read()).rejects.toMatchObject({ code: 'engine.disposed' })
    }
  })

  it('leaves everything as it was where a step fails', async () => {
    for (const engine of engines) {
      const resident = await engine.resident!(loss, options)
      const { outputs: first } = await resident.step(batches[0], given, { rate })
      const before = await resident.read()
      const broken = { ...batches[0], anchor_ids: { ...batches[0]['anchor_ids'], data: new Int32Array(15).fill(4000) } }
      await expect(resident.step(broken, given, { rate })).rejects.toMatchObject({ code: 'engine.failed' })
      await expect(resident.step(batches[0], new Map(), { rate })).rejects.toMatchObject({ code: 'weights.missing' })
      expect(await resident.read()).toEqual(before)
      expect(engine.memory().tensors).toBe(2 * kept.size)
      const { outputs } = await resident.step(batches[0], given, { rate })
      expect(outputs.loss.data[0]).toBeLessThan(first.loss.data[0])
      resident.dispose()
    }
  })

  it('refuses an update that leaves something out', async () => {
    const update: UpdateFunction<tf.NamedTensorMap> = ({ weights }) => ({ weights, state: {}, outputs: {} })
    const resident = await engines[0].resident!(loss, { ...options, update })
    await expect(resident.step(batches[0], given, { rate })).rejects.toMatchObject({
      code: 'engine.output-invalid',
      where: 'sum/positions',
    })
    resident.dispose()
  })

  it.each([false, true])('ends with its engine (worker: %s)', async (worker) => {
    const engine = await openTracedEngine({ threads: 1, resident: true, worker })
    const resident = await engine.resident!(loss, options)
    await resident.step(batches[0], given, { rate })
    await engine.dispose()
    await expect(resident.step(batches[0], given, { rate })).rejects.toMatchObject({ code: 'engine.disposed' })
    resident.dispose()
  })
})
