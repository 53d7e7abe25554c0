import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../../eager/create-eager-engine.js'
import { openTracedEngine } from './open-traced-engine.js'
import { tinyBertBatch, tinyBertLoss, tinyBertShape, tinyBertWeights } from './tiny-bert.js'

const installed = await openTracedEngine({ threads: 1 }).then(
  () => true,
  () => false,
)

const floats = (shape: readonly number[], value: (i: number) => number = (i) => Math.sin(i)): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
})
const none = new Map<string, never>()
const matMul = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)

describe.skipIf(!installed)('TracedEngine, what it stands (needs onnxruntime-node)', () => {
  let traced: Engine
  let cpu: Engine
  beforeAll(async () => {
    traced = await openTracedEngine({ threads: 1, maxGraphs: 3 })
    cpu = await createEagerEngine({ backend: 'cpu' })
  })
  afterAll(async () => {
    await traced.dispose()
    await cpu.dispose()
  })

  it('leaves nothing behind over many steps', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const options = { ...tinyBertShape, ops: 'composite' } as const
    const weights = tinyBertWeights(options)
    const tensors = tf.engine().state.numTensors
    const step = await traced.differentiate(tinyBertLoss(options), { constants: none, trainable: [...weights.keys()] })
    const run = async (steps: number) => {
      for (let i = 0; i < steps; i++)
        await step.run(tinyBertBatch(options, { batch: 2 + (i % 7), anchor: 3 + (i % 5), positive: 4 + (i % 11) }, i), weights)
      collect()
      return { bytes: heldBytes(), held: traced.memory() }
    }
    await run(60)
    const early = [await run(60), await run(60), await run(60)]
    await run(220)
    const late = [await run(60), await run(60), await run(60)]
    expect(tf.engine().state.numTensors).toBe(tensors)
    for (const { held } of late) expect(held).toEqual(early[0].held)
    // What the collector has not given back yet moves the figure upwards only.
    const least = (of: typeof late) => Math.min(...of.map(({ bytes }) => bytes))
    expect(least(late)).toBeLessThan(1.05 * least(early) + 8e6)
    step.dispose()
    expect(traced.memory()).toEqual({ tensors: 0, bytes: 0 })
  })

  it('takes rows of a table whose number changes from call to call', async () => {
    const fn = (weights: { get(name: string): tf.Tensor }, inputs: Readonly<Record<string, tf.Tensor>>) => {
      const rows = tf.gather(weights.get('table') as tf.Tensor2D, tf.cast(inputs['ids'], 'int32') as tf.Tensor1D)
      return { loss: tf.mean(tf.square(matMul(rows, weights.get('dense')))) as tf.Scalar }
    }
    const [expected, got] = await Promise.all(
      [cpu, traced].map((one) => one.differentiate(fn, { constants: none, trainable: ['table', 'dense'] })),
    )
    for (const [rows, ids] of [
      [5, 8],
      [9, 8],
      [9, 20],
      [3, 2],
      [1, 4],
    ]) {
      const inputs = { ids: { shape: [ids], data: Int32Array.from({ length: ids }, (_, i) => i % rows) } }
      const weights = new Map([
        ['table', floats([rows, 4])],
        ['dense', floats([4, 3])],
      ])
      const [a, b] = await Promise.all([expected.run(inputs, weights), got.run(inputs, weights)])
      expect(b.outputs.loss.data[0]).toBeCloseTo(a.outputs.loss.data[0], 5)
      for (const name of weights.keys()) {
        expect(b.gradients.get(name)!.shape).toEqual(weights.get(name)!.shape)
        for (const [i, value] of b.gradients.get(name)!.data.entries()) expect(value).toBeCloseTo(a.gradients.get(name)!.data[i], 5)
      }
    }
  })

  it('serves axes that had one size by chance once they differ', async () => {
    const compiled = await traced.compile(
      (_, { a, b }) => ({ rows: tf.sum(a, 1), columns: tf.mean(b, 0), count: tf.scalar(a.shape[0] * (b.shape[1] ?? 0)) }),
      {
        constants: none,
      },
    )
    for (const [rows, columns] of [
      [4, 4],
      [4, 6],
      [5, 3],
      [1, 7],
      [2, 1],
    ]) {
      const { rows: sums, columns: means, count } = await compiled.run({ a: floats([rows, 3], () => 1), b: floats([2, columns], () => 2) })
      expect(Array.from(sums.data)).toEqual(Array(rows).fill(3))
      expect(Array.from(means.data)).toEqual(Array(columns).fill(2))
      expect(Array.from(count.data)).toEqual([rows * columns])
    }
  })

  it('makes one graph at once where samples show what varies, however much that is', async () => {
    const names = Array.from({ length: 14 }, (_, i) => `part${i}`)
    const parts = (sizes: (i: number) => number) => Object.fromEntries(names.map((name, i) => [name, floats([3, sizes(i)], () => 1 + i)]))
    const weights = new Map([['scale', floats([1], () => 2)]])
    const step = await traced.differentiate(
      (read, inputs) => ({
        loss: tf.mean(
          tf.mul(
            tf.concat(
              names.map((name) => tf.sum(inputs[name], 1)),
              0,
            ),
            tf.mul(read.get('scale'), read.get('constant')),
          ),
        ),
      }),
      {
        constants: new Map([['constant', floats([1], () => 1)]]),
        trainable: ['scale'],
        samples: [1, 3].map((step) => ({ inputs: parts((i) => 5 + ((step * i) % 17)), trainable: weights })),
      },
    )
    for (const sizes of [() => 8, (i: number) => 8 + (i % 2), (i: number) => 4 + i]) {
      const { outputs, gradients } = await step.run(parts(sizes), weights)
      const mean = names.reduce((sum, _, i) => sum + sizes(i) * (1 + i), 0) / names.length
      expect(outputs.loss.data[0]).toBeCloseTo(2 * mean, 3)
      expect(gradients.get('scale')?.data[0]).toBeCloseTo(mean, 3)
      expect(traced.memory().tensors).toBe(1)
    }
    step.dispose()
  })

  it('gives a function that does other things at other sizes other graphs', async () => {
    const fn = (_: unknown, { x }: Readonly<Record<string, tf.Tensor>>) => ({ y: x.shape[0] > 8 ? tf.neg(x) : tf.square(x) })
    const compiled = await traced.compile(fn, { constants: none })
    for (const size of [4, 6, 12, 8, 9, 20, 2, 5]) {
      const { y } = await compiled.run({ x: floats([size], () => 3) })
      expect(y.data[size - 1]).toBe(size > 8 ? -3 : 9)
    }
  })

  it('keeps few graphs where shapes cannot be open', async () => {
    // One number of the function depends on the size in a way no formula of ours has.
    const compiled = await traced.compile((_, { x }) => ({ y: tf.mul(x, Math.log(x.shape[0])) }), { constants: none })
    for (const size of [2, 3, 4, 5, 6, 2]) {
      const { y } = await compiled.run({ x: floats([size], () => 1) })
      expect(y.data[0]).toBeCloseTo(Math.log(size), 6)
    }
  })

  it('runs functions at once, and one function at once', async () => {
    const [twice, product] = await Promise.all([
      traced.compile((_, { x }) => ({ y: tf.mul(x, 2) }), { constants: none }),
      traced.compile((weights, { x }) => ({ y: matMul(x, weights.get('w')) }), {
        constants: new Map([['w', floats([3, 3], (i) => (i % 4 === 0 ? 5 : 0))]]),
      }),
    ])
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? twice : product).run({ x: floats([2 + (i % 5), 3], () => i) })),
    )
    for (const [i, { y }] of results.entries()) expect(Array.from(y.data)).toEqual(Array((2 + (i % 5)) * 3).fill(i % 2 ? 2 * i : 5 * i))
  })

  it('returns memory of the caller, and changes nothing that it is given', async () => {
    const step = await traced.differentiate(
      (weights, { x }) => ({ loss: tf.sum(tf.mul(x, weights.get('w'))) as tf.Scalar, x, w: weights.get('w'), one: tf.onesLike(x) }),
      { constants: none, trainable: ['w', 'unused'] },
    )
    const x = floats([3])
    const weights = new Map([
      ['w', floats([3], () => 2)],
      ['unused', floats([2])],
    ])
    const first = await step.run({ x }, weights)
    expect(Array.from(first.gradients.get('w')!.data)).toEqual(Array.from(x.data))
    expect(Array.from(first.gradients.get('unused')!.data)).toEqual([0, 0])
    first.outputs.x.data.fill(7)
    first.outputs.one.data.fill(7)
    const second = await step.run({ x }, weights)
    expect(Array.from(second.outputs.x.data)).toEqual(Array.from(floats([3]).data))
    expect(Array.from(second.outputs.one.data)).toEqual([1, 1, 1])
    expect(Array.from(second.outputs.w.data)).toEqual([2, 2, 2])
  })

  it('leaves the active TensorFlow.js backend as it was', async () => {
    const before = tf.getBackend()
    const compiled = await traced.compile((_, { x }) => ({ y: tf.neg(x) }), { constants: none })
    await compiled.run({ x: floats([2]) })
    expect(tf.getBackend()).toBe(before)
    expect(tf.engine().backendNames()).not.toContain('trace')
    expect(tf.getKernelsForBackend('trace')).toEqual([])
  })

  describe('says what is wrong', () => {
    const x = floats([2, 3])
    const failing = async (
      fn: (weights: { get(name: string): tf.Tensor }, inputs: Readonly<Record<string, tf.Tensor>>) => Record<string, tf.Tensor>,
    ) => {
      const tensors = tf.engine().state.numTensors
      const compiled = await traced.compile(fn, { constants: none })
      const error: unknown = await compiled.run({ x }).catch((error: unknown) => error)
      expect(tf.engine().state.numTensors).toBe(tensors)
      return error
    }

    it('when a value is read', async () => {
      expect(await failing((_, { x }) => ({ y: tf.mul(x, tf.sum(x).dataSync()[0]) }))).toMatchObject({
        code: 'engine.value-read',
        message: expect.stringContaining("'ReduceSum'"),
      })
    })

    it('when a kernel cannot be recorded', async () => {
      expect(await failing((_, { x }) => ({ y: tf.real(tf.spectral.fft(tf.complex(x, x))) }))).toMatchObject({
        code: 'engine.op-unsupported',
        details: { kernel: 'Complex' },
      })
    })

    it('when a function draws random numbers', async () => {
      expect(await failing((_, { x }) => ({ y: tf.dropout(x, 0.5) }))).toMatchObject({ code: 'engine.not-deterministic' })
    })

    it('when a weight is missing', async () => {
      expect(await failing((weights) => ({ y: weights.get('absent') }))).toMatchObject({ code: 'weights.missing', where: 'absent' })
    })

    it('when an output is not a tensor', async () => {
      expect(await failing((_, { x }) => Promise.resolve({ y: x }) as never)).toMatchObject({ code: 'engine.output-invalid' })
    })

    it('when an array does not fill its shape', async () => {
      const compiled = await traced.compile((_, { x }) => ({ y: x }), { constants: none })
      await expect(compiled.run({ x: { shape: [2, 2], data: new Float32Array(3) } })).rejects.toMatchObject({
        code: 'tensor.shape',
        where: 'x',
      })
    })

    it('when there is no gradient, or no loss', async () => {
      const tensors = tf.engine().state.numTensors
      const differentiate = (fn: (w: tf.Tensor) => tf.Tensor) =>
        traced
          .differentiate((weights) => ({ loss: fn(weights.get('w')) as tf.Scalar }), { constants: none, trainable: ['w'] })
          .then((step) => step.run({}, new Map([['w', floats([3])]])))
      await expect(differentiate((w) => tf.sum(tf.topk(w, 2).values))).rejects.toMatchObject({
        code: 'engine.gradient-unsupported',
        details: { kernel: 'TopK' },
      })
      await expect(differentiate((w) => tf.square(w))).rejects.toMatchObject({ code: 'engine.loss-shape' })
      expect(tf.engine().state.numTensors).toBe(tensors)
    })

    it('when it was disposed of', async () => {
      const compiled = await traced.compile((_, { x }) => ({ y: x }), { constants: none })
      await compiled.run({ x })
      compiled.dispose()
      compiled.dispose()
      await expect(compiled.run({ x })).rejects.toMatchObject({ code: 'engine.disposed' })
      const other = await openTracedEngine({ threads: 1 })
      const theirs = await other.compile((_, { x }) => ({ y: x }), { constants: none })
      await other.dispose()
      await expect(theirs.run({ x })).rejects.toMatchObject({ code: 'engine.disposed' })
      await expect(other.compile((_, { x }) => ({ y: x }), { constants: none })).rejects.toMatchObject({ code: 'engine.disposed' })
    })
  })
})

/** Bytes of the process in memory, without the pages of files (libraries) where the system tells. */
function heldBytes(): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss()
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
