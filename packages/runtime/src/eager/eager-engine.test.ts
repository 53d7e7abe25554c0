import type { Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bertShapedStep } from '../diagnosis/bert-shaped-step.js'
import { probeEngine } from '../engine-probe.js'
import { gatherRows, l2Normalize } from '../ops/index.js'
import { createEagerEngine } from './create-eager-engine.js'

const floats = (shape: number[], ...data: number[]): HostTensor<Float32Array> => ({ shape, data: Float32Array.from(data) })
const tiny = { layers: 1, width: 16, heads: 2, inner: 32, vocabulary: 20, batch: 3, tokens: 5 }
const dataIds = (name: string) => tf.engine().findBackend(name).numDataIds()

describe.each(['cpu', 'wasm'] as const)('the eager engine on %s', (backend) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await createEagerEngine({ backend })
  })
  afterAll(() => engine.dispose())

  it('computes a known result and gradient', () => probeEngine(engine))

  it('runs a compiled function on inputs of different shapes, with constants', async () => {
    const weights = new Map([['w', floats([2, 1], 1, 10)]])
    const compiled = await engine.compile(
      (weights, inputs) => ({ y: tf.matMul(inputs['x'] as tf.Tensor2D, weights.get('w') as tf.Tensor2D), same: inputs['x'] }),
      { constants: weights },
    )
    const x = floats([1, 2], 3, 4)
    const one = await compiled.run({ x })
    expect([...one.y.data]).toEqual([43])
    expect(one.y.shape).toEqual([1, 1])
    const two = await compiled.run({ x: floats([2, 2], 1, 0, 0, 1) })
    expect([...two.y.data]).toEqual([1, 10])
    // The result is the caller's own, also where the function returns its input.
    one.same.data[0] = 99
    expect(x.data[0]).toBe(3)
    // Constants were taken as they were.
    weights.get('w')!.data[0] = 1000
    expect([...(await compiled.run({ x: floats([1, 2], 3, 4) })).y.data]).toEqual([43])
    compiled.dispose()
    await expect(compiled.run({ x })).rejects.toMatchObject({ code: 'engine.disposed' })
  })

  it('gives a gradient for exactly the trainable names, zeros where the loss does not depend on one', async () => {
    const step = await engine.differentiate(
      (weights) => ({ loss: tf.sum(tf.mul(weights.get('a'), weights.get('c'))) as tf.Scalar, twice: tf.mul(weights.get('a'), 2) }),
      { constants: new Map([['c', floats([2], 5, 7)]]), trainable: ['a', 'unused'] },
    )
    const { outputs, gradients } = await step.run(
      {},
      new Map([
        ['a', floats([2], 1, 2)],
        ['unused', floats([3], 1, 1, 1)],
      ]),
    )
    expect(outputs.loss.data[0]).toBe(19)
    expect([...outputs.twice.data]).toEqual([2, 4])
    expect([...gradients.keys()]).toEqual(['a', 'unused'])
    expect([...gradients.get('a')!.data]).toEqual([5, 7])
    expect([...gradients.get('unused')!.data]).toEqual([0, 0, 0])
    step.dispose()
  })

  it('computes a loss without anything trainable', async () => {
    const step = await engine.differentiate(() => ({ loss: tf.scalar(2) }), { constants: new Map(), trainable: [] })
    expect(await step.run({}, new Map())).toEqual({ outputs: { loss: { shape: [], data: Float32Array.of(2) } }, gradients: new Map() })
    step.dispose()
  })

  it('takes a weight whose first dimension differs from call to call', async () => {
    const step = await engine.differentiate(
      (weights, { ids }) => ({ loss: tf.sum(tf.square(gatherRows(weights.get('table') as tf.Tensor2D, ids))) as tf.Scalar }),
      { constants: new Map(), trainable: ['table'] },
    )
    for (const rows of [1, 4, 2]) {
      const table = { shape: [rows, 2], data: Float32Array.from({ length: rows * 2 }, (_, at) => at + 1) }
      const ids = { shape: [2, 2], data: Int32Array.of(0, rows - 1, 0, 0) }
      const gradient = (await step.run({ ids }, new Map([['table', table]]))).gradients.get('table')!
      expect(gradient.shape).toEqual([rows, 2])
      const uses = Array.from({ length: rows }, (_, row) => ids.data.filter((id) => id === row).length)
      expect([...gradient.data]).toEqual([...table.data].map((value, at) => 2 * value * uses[Math.floor(at / 2)]))
    }
    step.dispose()
  })

  it('names what is missing or misshapen, and leaves nothing behind', async () => {
    const step = await engine.differentiate((weights) => ({ loss: tf.sum(weights.get('nowhere')) as tf.Scalar }), {
      constants: new Map(),
      trainable: ['w'],
    })
    const before = [engine.memory(), dataIds(backend)]
    await expect(step.run({}, new Map())).rejects.toMatchObject({ code: 'weights.missing', where: 'w' })
    await expect(step.run({}, new Map([['w', floats([1], 1)]]))).rejects.toMatchObject({ code: 'weights.missing', where: 'nowhere' })
    await expect(step.run({ x: floats([3], 1, 2) }, new Map([['w', floats([1], 1)]]))).rejects.toMatchObject({
      code: 'tensor.shape',
      where: 'x',
    })
    const vectorLoss = await engine.differentiate((weights) => ({ loss: weights.get('w') as tf.Scalar }), {
      constants: new Map(),
      trainable: ['w'],
    })
    await expect(vectorLoss.run({}, new Map([['w', floats([2], 1, 2)]]))).rejects.toMatchObject({ code: 'engine.loss-shape' })
    expect([engine.memory(), dataIds(backend)]).toEqual(before)
  })

  it('holds constants and nothing else, over any number of steps', async () => {
    const { fn, parameters, inputs } = bertShapedStep(tiny)
    const frozen = new Map([...parameters].filter(([name]) => name.startsWith('0.query')))
    const trainable = [...parameters.keys()].filter((name) => !frozen.has(name))
    expect(engine.memory()).toEqual({ tensors: 0, bytes: 0 })
    const step = await engine.differentiate(fn, { constants: frozen, trainable })
    const first = await step.run(inputs, parameters)
    const held = engine.memory()
    const ids = dataIds(backend)
    expect(held).toEqual({ tensors: 2, bytes: 4 * (16 * 16 + 16) })
    for (let at = 0; at < 30; at++) {
      const again = await step.run(inputs, parameters)
      expect(again.outputs.loss.data[0]).toBe(first.outputs.loss.data[0])
    }
    expect(engine.memory()).toEqual(held)
    expect(dataIds(backend)).toBe(ids)
    step.dispose()
    step.dispose()
    expect(engine.memory()).toEqual({ tensors: 0, bytes: 0 })
  })
})

describe('engines of two backends at once', () => {
  it('give the same gradients, in turn and side by side, and each ends without harm to the other', async () => {
    const cpu = await createEagerEngine({ backend: 'cpu' })
    const wasm = await createEagerEngine({ backend: 'wasm' })
    const { fn, parameters, inputs } = bertShapedStep(tiny)
    const options = { constants: new Map(), trainable: [...parameters.keys()] }
    const [onCpu, onWasm] = [await cpu.differentiate(fn, options), await wasm.differentiate(fn, options)]
    const [a, b] = await Promise.all([onCpu.run(inputs, parameters), onWasm.run(inputs, parameters)])
    expect(b.outputs.loss.data[0]).toBeCloseTo(a.outputs.loss.data[0], 5)
    const largest = Math.max(...[...a.gradients.values()].flatMap(({ data }) => [...data].map(Math.abs)))
    expect(largest).toBeGreaterThan(0.01)
    for (const [name, gradient] of a.gradients) {
      const other = b.gradients.get(name)!.data
      expect(Math.max(...gradient.data.map((value, at) => Math.abs(value - other[at]))) / largest, name).toBeLessThan(3e-5)
    }
    await wasm.dispose()
    expect((await onCpu.run(inputs, parameters)).outputs.loss.data[0]).toBe(a.outputs.loss.data[0])
    await cpu.dispose()
  })

  it('starts a backend anew after its last engine has gone, and shares it before', async () => {
    const first = await createEagerEngine({ backend: 'wasm' })
    const second = await createEagerEngine({ backend: 'wasm' })
    await first.dispose()
    await probeEngine(second)
    await second.dispose()
    await expect(second.compile(() => ({ y: tf.scalar(1) }), { constants: new Map() })).rejects.toMatchObject({ code: 'engine.disposed' })
    const third = await createEagerEngine({ backend: 'wasm' })
    await probeEngine(third)
    await third.dispose()
  })

  it("leaves the application's own backend active, with its own kernels when all engines have gone", async () => {
    await import('@tensorflow/tfjs-backend-cpu')
    await tf.setBackend('cpu')
    const engine = await createEagerEngine({ backend: 'wasm' })
    const compiled = await engine.compile(() => ({ y: l2Normalize(tf.tensor2d([[3, 4]])) }), { constants: new Map() })
    const { y } = await compiled.run({})
    expect(y.data[0]).toBeCloseTo(0.6, 6)
    expect(tf.getBackend()).toBe('cpu')
    await engine.dispose()
    expect(tf.getKernel('LayerNorm', 'wasm')).toBeUndefined()
    const own = tf.tidy(() => tf.add(1, 2).arraySync())
    expect(own).toBe(3)
  })
})
