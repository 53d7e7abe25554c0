import { describe, expect, it } from 'vitest'
import { fitWeight } from './fit-weight.js'

describe('fitWeight', () => {
  it('takes the middle when every weight is as good, and prefers a plateau to a lucky point', () => {
    expect(fitWeight(() => 1).weight).toBe(0.5)
    expect(fitWeight(() => [1, 0, 1]).weight).toBe(0.5)
    const grid = [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    const values = [0.5, 0.1, 0.1, 0.45, 0.45, 0.45]
    expect(fitWeight((weight) => values[grid.indexOf(weight)], { grid }).weight).toBe(0.5)
  })
  it('trusts a few queries less than many', () => {
    // Every weight wins its share of queries; 0.9 wins a little oftener.
    const fit = (queries: number) =>
      fitWeight((weight) =>
        Array.from({ length: queries }, (_, q) =>
          q % 2 ? 1 - Math.abs(weight - 0.9) : Math.abs(((q * 7) % 21) / 20 - weight) < 0.1 ? 0.6 : 0.4,
        ),
      ).weight
    const [few, many] = [fit(4), fit(4000)]
    expect(few).toBeGreaterThan(0.5)
    expect(many).toBeGreaterThan(few)
    expect(many).toBeCloseTo(0.9, 1)
  })
  it('tells what it tried', () => {
    const { tried } = fitWeight((weight) => 1 - weight, { grid: [0, 0.5, 1] })
    expect(tried).toEqual([
      { weight: 0, score: 1 },
      { weight: 0.5, score: 0.5 },
      { weight: 1, score: 0 },
    ])
  })
  it('refuses an empty grid and a score that is no number', () => {
    const refused = expect.objectContaining({ code: 'search.fusion' })
    expect(() => fitWeight(() => 1, { grid: [] })).toThrow(refused)
    for (const score of [() => Number.NaN, () => [Number.NaN]]) expect(() => fitWeight(score)).toThrow(refused)
  })
})
