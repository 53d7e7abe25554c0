import { row, seededRandom, type Vectors, vectors } from '@ms/core'
import type { Compiled, Encoder, Engine, HostTensor, Prepared, Tensors } from '@ms/core/tensor'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import type { DescribeEncoderOptions } from './encoder-options.js'

/** An encoder ready to be examined. */
export interface EncoderSubject<Item, P extends Prepared> {
  readonly options: DescribeEncoderOptions<Item, P>
  readonly encoder: Encoder<Item, P>
  readonly engine: Engine
  readonly compiled: Compiled<{ embeddings: Tensor }>
  prepare(items: readonly Item[]): Promise<P[]>
  embed(items: readonly Item[]): Promise<Vectors>
  dispose(): Promise<void>
}

export async function openEncoderSubject<Item, P extends Prepared>(
  options: DescribeEncoderOptions<Item, P>,
): Promise<EncoderSubject<Item, P>> {
  const encoder = await options.encoder()
  const engine = await options.engine()
  const compiled = await compile(engine, encoder)
  const prepare = async (items: readonly Item[]) => encoder.processor.prepare(items, 'document')
  return {
    options,
    encoder,
    engine,
    compiled,
    prepare,
    embed: async (items) => run(compiled, encoder, await prepare(items)),
    dispose: async () => {
      compiled.dispose()
      await engine.dispose()
    },
  }
}

/** One promise of the contract. */
export interface EncoderCheck {
  readonly name: string
  /** False: there is nothing to check for these options. */
  applies?(options: { readonly emptyItems?: readonly unknown[]; readonly saveAndLoad?: unknown }): boolean
  /** Rejects where the promise is not kept. */
  run<Item, P extends Prepared>(subject: EncoderSubject<Item, P>): Promise<void>
}

const defaultTolerance = 1e-5

export const encoderChecks: readonly EncoderCheck[] = [
  {
    name: 'gives one finite vector of its width for each item',
    run: async ({ options: { items }, encoder, embed }) => {
      const found = await embed(items)
      expect(found.dim).toBe(encoder.dim)
      expect(found.count).toBe(items.length)
      expect(found.data.every(Number.isFinite)).toBe(true)
    },
  },
  {
    name: 'tells different items apart, and gives the same item the same vector',
    run: async ({ options: { items }, embed }) => {
      const [one, two] = [await embed(items), await embed(items)]
      expect([...two.data]).toEqual([...one.data])
      expect(new Set(items.map((_, i) => row(one, i).join())).size).toBeGreaterThan(1)
    },
  },
  {
    name: 'does not let items of a batch see each other, whatever the batch, the order and the padding',
    run: async ({ options: { items, tolerance = defaultTolerance }, embed }) => {
      const together = await embed(items)
      const reversed = await embed([...items].reverse())
      for (const [i, item] of items.entries()) {
        expectClose(row(await embed([item]), 0), row(together, i), tolerance, `item ${i} alone`)
        expectClose(row(reversed, items.length - 1 - i), row(together, i), tolerance, `item ${i} in another order`)
      }
    },
  },
  {
    name: 'counts the cost of items, and prepares them one by one as it does together',
    run: async ({ options: { items, tolerance = defaultTolerance }, encoder, compiled, prepare, embed }) => {
      const prepared = await prepare(items)
      expect(prepared).toHaveLength(items.length)
      for (const { cost } of prepared) expect(Number.isFinite(cost) && cost >= 0).toBe(true)
      const alone = (await Promise.all(items.map((item) => prepare([item])))).flat()
      expect(alone.map(({ cost }) => cost)).toEqual(prepared.map(({ cost }) => cost))
      expectClose((await run(compiled, encoder, alone)).data, (await embed(items)).data, tolerance, 'prepared one by one')
    },
  },
  {
    name: 'gives finite vectors for empty items, also among others',
    applies: ({ emptyItems = [] }) => emptyItems.length > 0,
    run: async ({ options: { items, emptyItems = [], tolerance = defaultTolerance }, embed }) => {
      const next = await embed([items[1]])
      for (const [i, item] of emptyItems.entries()) {
        const alone = await embed([item])
        expect(alone.data.every(Number.isFinite), `empty item ${i}`).toBe(true)
        const among = await embed([items[0], item, items[1]])
        expectClose(row(among, 1), row(alone, 0), tolerance, `empty item ${i} among others`)
        expectClose(row(among, 2), row(next, 0), tolerance, `the item after empty item ${i}`)
      }
    },
  },
  {
    name: 'gives in plain JavaScript what an engine gives, where it can do both',
    run: async ({ options: { items, emptyItems = [], tolerance = defaultTolerance }, encoder, prepare, embed }) => {
      if (!encoder.direct) return
      const chosen = [...items, ...emptyItems]
      const direct = await encoder.direct(encoder.processor.collate(await prepare(chosen)), encoder.parameters)
      expect([direct.count, direct.dim]).toEqual([chosen.length, encoder.dim])
      expectClose(direct.data, (await embed(chosen)).data, tolerance, 'direct')
    },
  },
  {
    name: 'is differentiated as differences show',
    run: async ({ options: { items, gradientsOf }, encoder, engine, prepare }) => {
      // Running statistics follow the batches and have no gradient.
      const names =
        gradientsOf ??
        spread(
          [...encoder.parameters.keys()].filter((name) => !encoder.statistics?.has(name)),
          6,
        )
      await checkGradients({ encoder, engine, prepared: await prepare(items.slice(0, 4)), names })
    },
  },
  {
    name: 'names rows of tables by inputs that it really reads',
    run: async ({ options: { items }, encoder, prepare }) => {
      const inputs = encoder.processor.collate(await prepare(items))
      for (const [table, input] of Object.entries(encoder.lookups)) {
        const rows = encoder.parameters.get(table)
        expect(rows?.shape.length, table).toBe(2)
        expect(inputs[input]?.data, input).toBeInstanceOf(Int32Array)
        for (const id of inputs[input].data) expect(id >= 0 && id < (rows?.shape[0] ?? 0), `row ${id} of ${table}`).toBe(true)
      }
    },
  },
  {
    name: 'takes other weights of the same shapes, and refuses the rest',
    run: async ({ options: { items }, encoder, engine, prepare, embed }) => {
      const changed = new Map(
        [...encoder.parameters].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => value * 1.5 + 0.01) }]),
      )
      const other = encoder.withParameters(changed)
      expect(other.dim).toBe(encoder.dim)
      const before = await embed(items)
      const recompiled = await compile(engine, other)
      const after = await run(recompiled, other, await prepare(items))
      recompiled.dispose()
      expect([...after.data], 'vectors of other weights').not.toEqual([...before.data])
      const [first] = encoder.parameters.keys()
      const missing = new Map(encoder.parameters)
      missing.delete(first)
      expect(() => encoder.withParameters(missing)).toThrow(expect.objectContaining({ code: 'weights.missing' }))
      const reshaped = new Map(encoder.parameters).set(first, { shape: [1], data: new Float32Array(1) })
      expect(() => encoder.withParameters(reshaped)).toThrow(expect.objectContaining({ code: 'weights.shape' }))
    },
  },
  {
    name: 'holds no more of the engine after many batches than after one',
    run: async ({ options: { items }, engine, embed }) => {
      await embed(items)
      const before = engine.memory()
      for (let i = 0; i < 20; i++) await embed(items.slice(i % 2))
      expect(engine.memory()).toEqual(before)
    },
  },
  {
    name: 'is the same after saving and loading',
    applies: ({ saveAndLoad }) => saveAndLoad !== undefined,
    run: async ({ options: { items, saveAndLoad, tolerance = defaultTolerance }, encoder, engine, compiled }) => {
      if (!saveAndLoad) return
      const again = await saveAndLoad(encoder)
      const reloaded = await compile(engine, again)
      for (const role of ['query', 'document'] as const) {
        const found = await run(reloaded, again, await again.processor.prepare(items, role))
        const expected = await run(compiled, encoder, await encoder.processor.prepare(items, role))
        expectClose(found.data, expected.data, tolerance, `loaded again, ${role}`)
      }
      reloaded.dispose()
    },
  },
]

function compile<Item, P extends Prepared>(engine: Engine, encoder: Encoder<Item, P>): Promise<Compiled<{ embeddings: Tensor }>> {
  return engine.compile((weights, inputs) => ({ embeddings: encoder.forward(inputs, weights, { training: false }) }), {
    constants: encoder.parameters,
  })
}

async function run<Item, P extends Prepared>(
  compiled: Compiled<{ embeddings: Tensor }>,
  encoder: Encoder<Item, P>,
  prepared: readonly P[],
): Promise<Vectors> {
  const { embeddings } = await compiled.run(encoder.processor.collate(prepared))
  expect(embeddings.shape).toEqual([prepared.length, encoder.dim])
  return vectors(embeddings.data as Float32Array, prepared.length, encoder.dim)
}

function expectClose(found: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  expect(found.length, what).toBe(expected.length)
  let largest = 1
  for (const value of expected) largest = Math.max(largest, Math.abs(value))
  for (let i = 0; i < found.length; i++) {
    if (!(Math.abs(found[i] - expected[i]) <= tolerance * largest))
      expect.fail(`${what}: component ${i} is ${found[i]}, not ${expected[i]}`)
  }
}

const spread = (names: readonly string[], count: number) =>
  names.length <= count ? names : Array.from({ length: count }, (_, i) => names[Math.round((i * (names.length - 1)) / (count - 1))])

/** Of a weight, along the gradient's direction. */
const steps = [4e-3, 1e-3, 2e-2, 0.1]

const lengthOf = (data: Float32Array) => Math.sqrt(data.reduce((sum, value) => sum + value * value, 0))

interface GradientCheck<Item, P extends Prepared> {
  encoder: Encoder<Item, P>
  engine: Engine
  prepared: readonly P[]
  names: readonly string[]
}

/**
 * Compares the gradient of a random weighting of the embeddings with central differences, along the gradient's own direction:
 * there the slope is the gradient's length, far above the rounding of float32.
 */
async function checkGradients<Item, P extends Prepared>({ encoder, engine, prepared, names }: GradientCheck<Item, P>): Promise<void> {
  // Optional, for those who examine indexes only.
  const { mean, mul } = await import('@tensorflow/tfjs-core')
  const random = seededRandom(11)
  const coefficients: HostTensor<Float32Array> = {
    shape: [prepared.length, encoder.dim],
    data: Float32Array.from({ length: prepared.length * encoder.dim }, () => random.normal()),
  }
  const inputs = { ...encoder.processor.collate(prepared), 'test.coefficients': coefficients }
  const trainable = new Map([...encoder.parameters].filter(([name]) => names.includes(name)))
  const constants = new Map([...encoder.parameters].filter(([name]) => !names.includes(name)))
  const differentiated = await engine.differentiate(
    (weights, { 'test.coefficients': weighting, ...rest }: Tensors) => {
      const embeddings = encoder.forward(rest, weights, { training: true })
      const loss: Scalar = mean(mul(embeddings, weighting))
      return { loss }
    },
    { constants, trainable: names },
  )
  const { gradients } = await differentiated.run(inputs, trainable)
  for (const name of names) {
    const gradient = gradients.get(name) as HostTensor<Float32Array>
    const { shape, data } = trainable.get(name) as HostTensor<Float32Array>
    expect(gradient.shape, name).toEqual(shape)
    const slope = lengthOf(gradient.data)
    expect(Number.isFinite(slope), name).toBe(true)
    if (slope < 1e-6) continue
    const lossAt = async (by: number) => {
      const moved = data.map((value, i) => value + (by * gradient.data[i]) / slope)
      const { outputs } = await differentiated.run(inputs, new Map(trainable).set(name, { shape, data: moved }))
      return outputs.loss.data[0]
    }
    // Fourth-order differences. Which step suits, between rounding and curvature, depends on the network.
    const slopes: number[] = []
    let error = Number.POSITIVE_INFINITY
    for (const step of steps) {
      if (error < 0.02) break
      const near = (await lossAt(step)) - (await lossAt(-step))
      const far = (await lossAt(2 * step)) - (await lossAt(-2 * step))
      const measured = (8 * near - far) / (12 * step)
      slopes.push(measured)
      error = Math.min(error, Math.abs(measured - slope) / slope)
    }
    expect(error, `gradient of ${name}: ${slope}, differences say ${slopes.join(', ')}`).toBeLessThan(0.02)
  }
  differentiated.dispose()
}
