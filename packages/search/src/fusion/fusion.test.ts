import type { Run } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { convexFusion } from './convex-fusion.js'
import { fitFusionWeight } from './fit-fusion-weight.js'
import { reciprocalRankFusion } from './reciprocal-rank-fusion.js'

const hits = (...pairs: [string, number][]) => pairs.map(([id, score]) => ({ id, score }))

describe('convexFusion', () => {
  it('is w · dense + (1 − w) · lexical / best lexical', () => {
    const fused = convexFusion({ weight: 0.25 }).fuse(hits(['a', 0.8], ['b', 0.4]), hits(['b', 10], ['a', 5]))
    expect(fused).toEqual([
      { id: 'b', dense: 0.4, lexical: 10, score: 0.25 * 0.4 + 0.75 },
      { id: 'a', dense: 0.8, lexical: 5, score: 0.25 * 0.8 + 0.75 * 0.5 },
    ])
  })
  it('gives what a list does not have its lowest dense score, and nothing for keywords', () => {
    const fused = convexFusion({ weight: 0.5 }).fuse(hits(['a', 0.9], ['b', 0.2]), hits(['c', 4]))
    expect(fused.map(({ id, score }) => [id, score])).toEqual([
      ['c', 0.6],
      ['a', 0.45],
      ['b', 0.1],
    ])
  })
  it('takes candidates from the first ranks only, but knows the scores behind them', () => {
    const fused = convexFusion({ weight: 0.5, depth: 1 }).fuse(hits(['a', 0.9], ['b', 0.8]), hits(['b', 2], ['a', 1]))
    expect(fused.map(({ id, score }) => [id, score])).toEqual([
      ['b', 0.9],
      ['a', 0.7],
    ])
  })
  it('takes empty lists, equal scores in the order of ids, and refuses a weight out of range', () => {
    expect(convexFusion({ weight: 1 }).fuse([], [])).toEqual([])
    expect(
      convexFusion({ weight: 0.5 })
        .fuse([], hits(['b', 1], ['a', 1]))
        .map(({ id }) => id),
    ).toEqual(['a', 'b'])
    for (const weight of [-0.1, 1.1, Number.NaN])
      expect(() => convexFusion({ weight })).toThrow(expect.objectContaining({ code: 'search.fusion' }))
  })
})

describe('reciprocalRankFusion', () => {
  it('adds 1 / (k + rank)', () => {
    const fused = reciprocalRankFusion({ k: 1 }).fuse(hits(['a', 9], ['b', 8]), hits(['b', 3]))
    expect(fused.map(({ id, score }) => [id, score])).toEqual([
      ['b', 1 / 3 + 1 / 2],
      ['a', 1 / 2],
    ])
  })
})

describe('fitFusionWeight', () => {
  const run = (...lists: ReturnType<typeof hits>[]): Run => new Map(lists.map((list, i) => [`q${i}`, list]))
  const right = 'a'
  const score = (found: Run) => [...found.values()].filter((list) => list[0]?.id === right).length
  it('finds the leg that is right', () => {
    const good = run(hits(['a', 0.9], ['b', 0.1]))
    const bad = run(hits(['b', 0.9], ['a', 0.1]))
    expect(fitFusionWeight(good, bad, { score }).weight).toBeGreaterThan(0.5)
    expect(fitFusionWeight(bad, good, { score }).weight).toBeLessThan(0.5)
  })
})
