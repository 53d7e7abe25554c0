import type { Worker } from 'node:worker_threads'
import type { Engine } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTracedEngine } from './open-traced-engine.js'
import { tinyBertBatch, tinyBertLoss, tinyBertShape, tinyBertWeights } from './tiny-bert.js'

const installed = await openTracedEngine({ threads: 1 }).then(
  () => true,
  () => false,
)
const none = new Map<string, never>()

describe.skipIf(!installed)('TracedEngine in a worker (needs onnxruntime-node)', () => {
  let here: Engine
  let there: Engine
  beforeAll(async () => {
    here = await openTracedEngine({ threads: 1 })
    there = await openTracedEngine({ threads: 1, worker: true })
  })
  afterAll(async () => {
    await here.dispose()
    await there.dispose()
  })

  it('gives the same numbers, at several shapes, some weights constant', async () => {
    const options = { ...tinyBertShape, ops: 'composite' } as const
    const weights = tinyBertWeights(options)
    const trainable = [...weights.keys()].filter((name) => !name.startsWith('0.'))
    const steps = await Promise.all(
      [here, there].map((engine) => engine.differentiate(tinyBertLoss(options), { constants: weights, trainable })),
    )
    for (const shape of [
      { batch: 4, anchor: 5, positive: 7 },
      { batch: 3, anchor: 9, positive: 2 },
    ]) {
      const batch = tinyBertBatch(options, shape)
      const [a, b] = await Promise.all(steps.map((step) => step.run(batch, weights)))
      expect(b.outputs).toEqual(a.outputs)
      expect(b.gradients).toEqual(a.gradients)
    }
  })

  it('ends in peace when a function is disposed of just before its engine', async () => {
    const engine = await openTracedEngine({ threads: 1, worker: true })
    const compiled = await engine.compile((_, { x }) => ({ y: tf.add(x, 1) }), { constants: none })
    await compiled.run({ x: { shape: [2], data: new Float32Array(2) } })
    const rejected: unknown[] = []
    const note = (reason: unknown) => rejected.push(reason)
    process.on('unhandledRejection', note)
    compiled.dispose()
    await engine.dispose()
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.off('unhandledRejection', note)
    expect(rejected).toEqual([])
  })

  it('lets the event loop go on', async () => {
    const size = 700
    const x = { shape: [size, size], data: new Float32Array(size * size).fill(0.001) }
    const compiled = await there.compile(
      (_, { x }) => ({ y: Array.from({ length: 8 }).reduce<tf.Tensor2D>((y) => tf.matMul(y, x as tf.Tensor2D), x as tf.Tensor2D) }),
      { constants: none },
    )
    await compiled.run({ x })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await compiled.run({ x })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(2)
  })

  it('lets the event loop go on during a training step, which leaves the weights as they are', async () => {
    const wide = { ...tinyBertShape, ops: 'composite', width: 256, inner: 1024 } as const
    const weights = tinyBertWeights(wide)
    const kept = new Map([...weights].map(([name, { data }]) => [name, data.slice()]))
    const step = await there.differentiate(tinyBertLoss(wide), { constants: none, trainable: [...weights.keys()] })
    const batch = tinyBertBatch(wide, { batch: 16, anchor: 20, positive: 30 })
    await step.run(batch, weights)
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    for (let i = 0; i < 3; i++) await step.run(batch, weights)
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(5)
    for (const [name, { data }] of weights) expect(data, name).toEqual(kept.get(name))
    step.dispose()
  })

  it('sends what is given in the same memory again', async () => {
    const compiled = await there.compile((_, { x }) => ({ y: tf.mul(x, 2) }), { constants: none })
    const filled = (value: number, length: number) => ({ x: { shape: [length], data: new Float32Array(length).fill(value) } })
    // Smaller, larger, and two at a time.
    for (const length of [1000, 10, 4000, 999]) expect((await compiled.run(filled(length, length))).y.data.at(-1)).toBe(2 * length)
    const [a, b] = await Promise.all([compiled.run(filled(1, 50)), compiled.run(filled(2, 60))])
    expect([a.y.data.at(-1), b.y.data.at(-1)]).toEqual([2, 4])
    // Half a gigabyte given in all, without as much being kept.
    const given = filled(3, 1_000_000)
    const { arrayBuffers } = process.memoryUsage()
    let largest = 0
    for (let i = 0; i < 128; i++) {
      await compiled.run(given)
      largest = Math.max(largest, process.memoryUsage().arrayBuffers - arrayBuffers)
    }
    expect(largest).toBeLessThan(200e6)
  })

  it('says that its thread has ended, when that dies before it has answered', async () => {
    const started = new Promise<Worker>((resolve) => process.once('worker', resolve))
    const engine = await openTracedEngine({ threads: 1, worker: true })
    const size = 700
    const x = { shape: [size, size], data: new Float32Array(size * size) }
    const compiled = await engine.compile(
      (_, { x }) => ({ y: Array.from({ length: 30 }).reduce<tf.Tensor2D>((y) => tf.matMul(y, x as tf.Tensor2D), x as tf.Tensor2D) }),
      { constants: none },
    )
    await compiled.run({ x })
    // Ended while it waits: a thread that is ended inside a library may take the whole process with it.
    const thread = await started
    void thread.terminate()
    await expect(compiled.run({ x })).rejects.toMatchObject({ code: 'engine.failed', message: expect.stringContaining('has ended') })
    await expect(compiled.run({ x })).rejects.toMatchObject({ code: 'engine.failed' })
    await engine.dispose()
  })

  it('passes errors on', async () => {
    const gather = await there.compile((_, { x, ids }) => ({ y: tf.gather(x, tf.cast(ids, 'int32')) }), { constants: none })
    const x = { shape: [3, 2], data: new Float32Array(6) }
    await expect(gather.run({ x, ids: { shape: [2], data: Int32Array.of(1, 99) } })).rejects.toMatchObject({ code: 'engine.failed' })
    const { y } = await gather.run({ x, ids: { shape: [2], data: Int32Array.of(1, 2) } })
    expect(y.shape).toEqual([2, 2])
  })

  it('ends with its engine', async () => {
    const engine = await openTracedEngine({ threads: 1, worker: true })
    const compiled = await engine.compile((_, { x }) => ({ y: tf.neg(x) }), { constants: none })
    const x = { shape: [1], data: Float32Array.of(1) }
    await compiled.run({ x })
    await engine.dispose()
    await expect(compiled.run({ x })).rejects.toMatchObject({ code: 'engine.disposed' })
  })
})
