import { seededRandom } from '@ms/core'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { describe, expect, it } from 'vitest'
import { compileFused } from './compile-fused.js'
import { elementwise } from './elementwise.js'
import { abs, add, div, max, mul, sqrt, sub } from './expression.js'
import { fusedMemory } from './fused-memory.js'
import { runOnTensors } from './run-on-tensors.js'

const everything = elementwise(['p', 'g', 'm', 'u'], ['rate', 'beta'], ({ p, g, m, u }, { rate, beta }) => {
  const next = add(mul(beta, m), mul(sub(1, beta), g))
  const largest = max(mul(beta, u), add(abs(g), 1e-8))
  return { m: next, u: largest, p: sub(p, div(mul(rate, next), add(sqrt(largest), 0.5))) }
})
const scalars = { rate: 0.01, beta: 0.9 }

function arrays(length: number, seed = 1) {
  const random = seededRandom(seed)
  const some = () => Float32Array.from({ length }, random.normal)
  return { p: some(), g: some(), m: some(), u: some().map(Math.abs) }
}

describe('compileFused', () => {
  it('is compiled to SIMD here', () => {
    expect(compileFused(everything).kind).toBe('simd')
    expect(compileFused(everything, { kind: 'loops' }).kind).toBe('loops')
  })

  it.each([1, 3, 4, 5, 16_383, 16_384, 16_385, 40_000])('gives the very numbers of plain loops for %i elements', (length) => {
    const [simd, loops] = [arrays(length), arrays(length)]
    compileFused(everything).run(simd, scalars)
    compileFused(everything, { kind: 'loops' }).run(loops, scalars)
    expect(simd).toEqual(loops)
    expect(simd.p).not.toEqual(arrays(length).p)
    expect(simd.g).toEqual(arrays(length).g)
  })

  it('equals the same update in tensors', async () => {
    await tf.setBackend('cpu')
    const fused = arrays(777)
    compileFused(everything).run(fused, scalars)
    const { p, g, m, u } = arrays(777)
    const tensors = tf.tidy(() =>
      runOnTensors(everything, { p: tf.tensor1d(p), g: tf.tensor1d(g), m: tf.tensor1d(m), u: tf.tensor1d(u) }, scalars),
    )
    expect(Object.keys(tensors).sort()).toEqual(['m', 'p', 'u'])
    for (const name of ['p', 'm', 'u'] as const) {
      const expected = await tensors[name]!.data()
      fused[name].forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(2e-7 * Math.max(1, Math.abs(expected[i])))
      })
    }
    tf.dispose(Object.values(tensors))
  })

  it('reads old values everywhere, also when arrays are exchanged', () => {
    const swap = elementwise(['a', 'b'], [], ({ a, b }) => ({ a: b, b: a }))
    for (const kind of ['auto', 'loops'] as const) {
      const [a, b] = [Float32Array.of(1, 2, 3, 4, 5), Float32Array.of(10, 20, 30, 40, 50)]
      compileFused(swap, { kind }).run({ a, b }, {})
      expect([...a]).toEqual([10, 20, 30, 40, 50])
      expect([...b]).toEqual([1, 2, 3, 4, 5])
    }
  })

  it.each([
    [6, 'copied'],
    [6, 'resident'],
    [8, 'copied'],
    [8, 'resident'],
    [20_000, 'copied'],
    [20_000, 'resident'],
  ])('updates chosen rows of %i of %s tables as it updates whole arrays', (width, where) => {
    const rows = Int32Array.of(7, 0, 3, 19, 4)
    const before = arrays(20 * width)
    const memory = fusedMemory(where === 'resident' ? [20 * width, 20 * width, 20 * width] : [])
    const [p, m, u] = where === 'resident' ? memory.arrays : [0, 0, 0].map(() => new Float32Array(20 * width))
    p.set(before.p)
    m.set(before.m)
    u.set(before.u)
    const g = arrays(rows.length * width, 2).g
    compileFused(everything, { memory }).runRows({ p, g, m, u }, scalars, { rows, width, tables: ['p', 'm', 'u'] })
    const row = (all: Float32Array, r: number) => all.subarray(r * width, (r + 1) * width)
    const pick = (all: Float32Array) => Float32Array.from([...rows].flatMap((r) => [...row(all, r)]))
    const compact = { p: pick(before.p), g, m: pick(before.m), u: pick(before.u) }
    compileFused(everything).run(compact, scalars)
    expect(pick(p)).toEqual(compact.p)
    expect(pick(m)).toEqual(compact.m)
    expect(pick(u)).toEqual(compact.u)
    for (let r = 0; r < 20; r++) if (!rows.includes(r)) expect(row(p, r)).toEqual(row(before.p, r))
  })

  it('works on arrays of its own memory where they lie, and leaves their neighbours alone', () => {
    const length = 16_387
    const memory = fusedMemory([length, length, length, length])
    const [p, m, u, neighbour] = memory.arrays
    const start = arrays(length)
    p.set(start.p)
    m.set(start.m)
    u.set(start.u)
    neighbour.fill(7)
    compileFused(everything, { memory }).run({ p, g: start.g, m, u }, scalars)
    const copied = arrays(length)
    compileFused(everything).run(copied, scalars)
    expect(p).toEqual(copied.p)
    expect(u).toEqual(copied.u)
    expect(neighbour.every((value) => value === 7)).toBe(true)
  })

  it('leaves arrays out that can be done without, where there is no room for them', () => {
    const some = fusedMemory([5, 3], [7, 1])
    expect([some.arrays, some.spare].map((arrays) => arrays.map(({ length }) => length))).toEqual([
      [5, 3],
      [7, 1],
    ])
    expect(new Set([...some.arrays, ...some.spare].map(({ buffer }) => buffer))).toEqual(new Set([some.wasm!.buffer]))
    // More than WebAssembly can address.
    const few = fusedMemory([5], [2 ** 30, 2 ** 30])
    expect(few.arrays.map(({ length }) => length)).toEqual([5])
    expect(few.spare).toEqual([])
    expect(few.wasm).toBeDefined()
  })

  it('refuses arrays of unequal length and rows outside the table', () => {
    const kernel = compileFused(everything)
    const some = arrays(8)
    expect(() => kernel.run({ ...some, g: new Float32Array(7) }, scalars)).toThrow(expect.objectContaining({ code: 'fused.length' }))
    expect(() =>
      kernel.runRows({ ...some, g: new Float32Array(4) }, scalars, { rows: Int32Array.of(2), width: 4, tables: ['p', 'm', 'u'] }),
    ).toThrow(expect.objectContaining({ code: 'tensor.row' }))
  })
})
