import { seededRandom } from '@ms/core'
import type { TensorFunction, UpdateFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { openTracedEngine } from '../traced/node/open-traced-engine.js'
import { isUnrecordable } from '../traced/unrecordable.js'
import { candidates } from './candidates.js'
import { type OpenedEngine, openEngine } from './open-engine.js'

const installed = await openEngine({ backend: 'traced', threads: 1 }).then(
  async (engine) => {
    await engine.dispose()
    return true
  },
  () => false,
)

const lines: string[] = []
const opened: OpenedEngine[] = []
const table = candidates.filter(({ name }) => name === 'traced' || name === 'cpu')
async function open(backend: 'auto' | 'traced'): Promise<OpenedEngine> {
  const engine = await openEngine({ backend, threads: 1, candidates: table, notice: (line) => lines.push(line) })
  opened.push(engine)
  return engine
}
afterEach(async () => {
  lines.length = 0
  for (const engine of opened.splice(0)) await engine.dispose()
})

const random = seededRandom(1)
const x = { shape: [2, 3], data: Float32Array.from({ length: 6 }, random.normal) }
const weights = new Map([['w', { shape: [3], data: Float32Array.of(1, -2, 3) }]])

/** With an op that has no recording. */
const unrecorded: TensorFunction<{ loss: tf.Scalar }> = (weights, { x }) => ({
  loss: tf.sum(tf.mul(weights.get('w'), tf.cumprod(x, 1))),
})
/** Its result is as long as there are positive numbers. */
const dependsOnData: TensorFunction<{ positive: tf.Tensor }> = (_, { x }) => {
  const kept = Array.from(x.dataSync()).filter((value) => value > 0)
  return { positive: tf.tensor1d(kept) }
}
const plain: TensorFunction<{ y: tf.Tensor }> = (_, { x }) => ({ y: tf.square(x) })

describe.skipIf(!installed)('fallback of --backend auto (needs onnxruntime-node)', () => {
  it('runs a function that ONNX Runtime has no operator for on the next engine', async () => {
    const engine = await open('auto')
    const compiled = await engine.compile((_, { x }) => ({ y: tf.leakyRelu(tf.cast(x, 'int32'), 0.5) }), { constants: new Map() })
    expect((await compiled.run({ x: { shape: [2], data: Float32Array.of(-4, 3) } })).y.data[1]).toBe(3)
    expect(lines.join()).toMatch(/LeakyRelu.*runs on the cpu engine/s)
    const traced = await open('traced')
    const alone = await traced.compile((_, { x }) => ({ y: tf.leakyRelu(tf.cast(x, 'int32'), 0.5) }), { constants: new Map() })
    await expect(alone.run({ x })).rejects.toMatchObject({ code: 'engine.op-unsupported' })
  })

  it('runs a function with an op that cannot be recorded on the next engine, and says so once', async () => {
    const engine = await open('auto')
    expect(engine.name).toBe('traced')
    // On the processor nothing is gained by keeping weights in the engine.
    expect(engine.resident).toBeUndefined()
    const step = await engine.differentiate(unrecorded, { constants: new Map(), trainable: ['w'] })
    const first = await step.run({ x }, weights)
    const again = await step.run({ x }, weights)
    expect(again).toEqual(first)
    const [a, b, c, d, e, f] = x.data
    const expected = [a + d, a * b + d * e, a * b * c + d * e * f]
    expected.forEach((value, i) => {
      expect(first.gradients.get('w')?.data[i]).toBeCloseTo(value, 5)
    })
    expect(lines).toEqual(["'Cumprod' cannot be recorded, so this function runs on the cpu engine, which is slower"])
    step.dispose()
  })

  it('keeps the weights of a training where the first engine does, and leaves the rest to whoever asked', async () => {
    const keeping = table.map((candidate) =>
      candidate.name === 'traced' ? { ...candidate, open: () => openTracedEngine({ threads: 1, resident: true }) } : candidate,
    )
    const engine = await openEngine({ threads: 1, candidates: keeping, notice: (line) => lines.push(line) })
    opened.push(engine)
    const kept = { constants: new Map(), trainable: ['w'], kept: weights, state: new Map(), scalars: [] }
    const update: UpdateFunction<tf.NamedTensorMap> = ({ weights, gradients }) => ({
      weights: { w: tf.sub(weights['w'], gradients['w']) },
      state: {},
      outputs: {},
    })
    const resident = await engine.resident!((weights, { x }) => ({ loss: tf.sum(tf.mul(weights.get('w'), x)) }), { ...kept, update })
    await resident.step({ x }, new Map(), {})
    const [a, b, c, d, e, f] = x.data
    const { data } = (await resident.read()).weights.get('w')!
    ;[1 - a - d, -2 - b - e, 3 - c - f].forEach((value, i) => {
      expect(data[i]).toBeCloseTo(value, 5)
    })
    resident.dispose()
    const impossible = await engine.resident!(unrecorded, { ...kept, update })
    await expect(impossible.step({ x }, new Map(), {})).rejects.toSatisfy(isUnrecordable)
    expect(lines).toEqual([])
    impossible.dispose()
  })

  it('does the same for shapes that depend on data, and not for what can be recorded', async () => {
    const engine = await open('auto')
    const other = await engine.compile(plain, { constants: new Map() })
    expect((await other.run({ x })).y.shape).toEqual([2, 3])
    expect(lines).toEqual([])
    const compiled = await engine.compile(dependsOnData, { constants: new Map() })
    const { positive } = await compiled.run({ x })
    expect(positive.shape).toEqual([x.data.filter((value) => value > 0).length])
    expect(lines).toHaveLength(1)
    compiled.dispose()
    other.dispose()
  })

  it('throws where the traced engine was asked for by name', async () => {
    const engine = await open('traced')
    const step = await engine.differentiate(unrecorded, { constants: new Map(), trainable: ['w'] })
    await expect(step.run({ x }, weights)).rejects.toMatchObject({ code: 'engine.op-unsupported', where: 'Cumprod' })
    const compiled = await engine.compile(dependsOnData, { constants: new Map() })
    await expect(compiled.run({ x })).rejects.toMatchObject({ code: 'engine.value-read' })
    expect(lines).toEqual([])
  })

  it('passes other errors on', async () => {
    const engine = await open('auto')
    const compiled = await engine.compile((weights) => ({ y: weights.get('absent') }), { constants: new Map() })
    await expect(compiled.run({})).rejects.toMatchObject({ code: 'weights.missing' })
    expect(lines).toEqual([])
  })
})
