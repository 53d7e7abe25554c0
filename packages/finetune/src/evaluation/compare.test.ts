import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { compare } from './compare.js'

const values = (numbers: readonly number[]) => new Map(numbers.map((value, i) => [`q${i}`, value]))

describe('compare', () => {
  it('counts won, lost and tied, and shows the largest changes', () => {
    const result = compare(values([0, 0, 0.5, 1, 1]), values([1, 0.5, 0.5, 0.25, 1]), { examples: 1 })
    expect(result).toMatchObject({ queries: 5, won: 2, lost: 1, tied: 2 })
    expect(result.difference).toBeCloseTo(0.15)
    expect(result.examples).toEqual({
      won: [{ query: 'q0', baseline: 0, candidate: 1 }],
      lost: [{ query: 'q3', baseline: 1, candidate: 0.25 }],
    })
  })

  it('is exact for few queries: n wins of the same size have p = 2 / 2^n', () => {
    for (const n of [1, 2, 5, 10]) expect(compare(values(Array(n).fill(0)), values(Array(n).fill(0.3))).pValue).toBeCloseTo(2 / 2 ** n, 12)
    expect(compare(values([1, 2]), values([1, 2])).pValue).toBe(1)
  })

  it('draws where there are many, repeatably, and agrees with the exact test', () => {
    const random = seededRandom(4)
    const a = Array.from({ length: 13 }, () => random.uniform())
    const b = a.map((value) => value + 0.2 * random.normal() + 0.08)
    const exact = compare(values(a), values(b)).pValue
    // Two more queries, so small that they decide nothing, make it draw.
    const drawn = compare(values([...a, 0, 0]), values([...b, 1e-7, -1e-7]))
    expect(drawn.pValue).toBeCloseTo(exact, 1)
    expect(compare(values([...a, 0, 0]), values([...b, 1e-7, -1e-7]))).toEqual(drawn)
    expect(Math.abs(drawn.pValue - exact)).toBeLessThan(0.03)
  })

  it('is never 0, and near uniform when nothing differs', () => {
    expect(compare(values(Array(100).fill(0)), values(Array(100).fill(1))).pValue).toBeCloseTo(1 / 10_001, 10)
    const random = seededRandom(9)
    const pValues = Array.from({ length: 60 }, (_, round) => {
      const a = Array.from({ length: 30 }, () => random.normal())
      return compare(values(a), values(a.map(() => random.normal())), { seed: round, permutations: 400 }).pValue
    })
    expect(pValues.filter((p) => p < 0.5).length).toBeGreaterThan(15)
    expect(pValues.filter((p) => p < 0.5).length).toBeLessThan(45)
  })

  it('refuses evaluations of different queries', () => {
    expect(() => compare(values([1]), values([1, 2]))).toThrow(expect.objectContaining({ code: 'evaluation.queries-differ' }))
  })
})
