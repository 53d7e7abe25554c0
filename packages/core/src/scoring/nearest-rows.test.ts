import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random.js'
import { row, type Vectors, vectors } from '../vectors.js'
import { nearestRows } from './nearest-rows.js'

const some = (count: number, dim: number, seed: number): Vectors =>
  vectors(Float32Array.from({ length: count * dim }, seededRandom(seed).normal), count, dim)

describe('nearestRows', () => {
  it.each([
    [1, 1],
    [3, 2],
    [4, 7],
    [9, 8],
    [17, 3000],
    [6, 0],
    [0, 5],
  ])('finds the largest products of %i queries among %i documents', (queryCount, documentCount) => {
    const [queries, documents] = [some(queryCount, 5, 1), some(documentCount, 5, 2)]
    const found = nearestRows(queries, documents, 3)
    expect(found).toHaveLength(queryCount)
    found.forEach(({ positions, scores }, query) => {
      const all = Array.from({ length: documentCount }, (_, document) =>
        Math.fround(row(queries, query).reduce((sum, value, i) => sum + value * row(documents, document)[i], 0)),
      )
      const expected = all.map((_, i) => i).sort((a, b) => all[b] - all[a])
      expect(positions).toEqual(expected.slice(0, 3))
      for (const [rank, i] of expected.slice(0, 3).entries()) expect(scores[rank]).toBeCloseTo(all[i], 5)
    })
  })
})
