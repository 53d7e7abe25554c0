import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random.js'
import { blockScorer, plainScorer } from './score-block.js'

const random = seededRandom(1)
const fill = (array: Float32Array, count: number, dim: number, stride: number) => {
  for (let i = 0; i < count; i++) for (let j = 0; j < dim; j++) array[i * stride + j] = random.normal()
}

describe('blockScorer', () => {
  for (const kind of ['dot', 'l2'] as const) {
    for (const dim of [1, 7, 8, 9, 384, 3000]) {
      it(`scores every query against every row: ${kind}, ${dim} numbers`, () => {
        const scorer = blockScorer(dim, kind)
        const plain = plainScorer(scorer, [scorer.rows.length, scorer.queries.length, scorer.scores.length], kind)
        expect(scorer.scores.buffer).not.toBe(plain.scores.buffer)
        for (const [rows, queries] of [
          [1, 1],
          [3, 2],
          [scorer.rowCapacity, scorer.queryCapacity],
        ]) {
          fill(scorer.rows, rows, dim, scorer.stride)
          fill(scorer.queries, queries, dim, scorer.stride)
          plain.rows.set(scorer.rows)
          plain.queries.set(scorer.queries)
          scorer.scores.fill(Number.NaN)
          scorer.score(rows, queries)
          plain.score(rows, queries)
          let worst = 0
          for (let q = 0; q < queries; q++) {
            for (let r = 0; r < rows; r++) {
              let truth = 0
              for (let j = 0; j < dim; j++) {
                const [x, y] = [scorer.queries[q * scorer.stride + j], scorer.rows[r * scorer.stride + j]]
                truth += kind === 'dot' ? x * y : (x - y) ** 2
              }
              worst = Math.max(worst, Math.abs(scorer.scores[q * scorer.rowCapacity + r] - truth))
              worst = Math.max(worst, Math.abs(plain.scores[q * scorer.rowCapacity + r] - truth))
            }
          }
          expect(worst).toBeLessThan(1e-5 * Math.max(dim, 10))
        }
      })
    }
  }
})
