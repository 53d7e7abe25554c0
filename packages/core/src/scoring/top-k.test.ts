import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random.js'
import { topK } from './top-k.js'

describe('topK', () => {
  it('equals a full sort, ties in the order of positions', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 200; round++) {
      const scores = Float32Array.from({ length: random.integer(60) }, () => random.integer(12))
      const k = random.integer(70)
      const sorted = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k)
      expect(topK(scores, k)).toEqual(sorted)
    }
  })
  it('never chooses NaN, and takes a k that is larger than what is there', () => {
    expect(topK([Number.NaN, 1, Number.NaN, 2], 1e9)).toEqual([3, 1])
    expect(topK([Number.NaN], 1)).toEqual([])
    expect(topK([1, 2], 0)).toEqual([])
    expect(topK([Number.NEGATIVE_INFINITY, 1], 2)).toEqual([1, 0])
  })
})
