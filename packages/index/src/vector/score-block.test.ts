import { seededRandom } from '@ms/core'
import { describe, expect, it, vi } from 'vitest'
import { exactVectorIndex } from './exact-vector-index.js'
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

  it('works where WebAssembly is forbidden', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    try {
      const index = exactVectorIndex({ dim: 3, metric: 'cosine' })
      await index.upsert(['east', 'north'], { data: Float32Array.of(2, 0, 0, 0, 3, 0), count: 2, dim: 3 })
      const [hits] = await index.search({ data: Float32Array.of(0, 1, 0), count: 1, dim: 3 }, { k: 2 })
      expect(hits).toEqual([
        { id: 'north', score: 1 },
        { id: 'east', score: 0 },
      ])
    } finally {
      vi.unstubAllGlobals()
    }
  })
})

describe('exactVectorIndex', () => {
  it('lets others have their turn in a long search, notices an abort, and starts anew when rows move', async () => {
    const [dim, count, asked] = [64, 20_000, 4000]
    const index = exactVectorIndex({ dim, metric: 'dot' })
    const data = Float32Array.from({ length: count * dim }, random.normal)
    await index.upsert(
      Array.from({ length: count }, (_, i) => `d${i}`),
      { data, count, dim },
    )
    const queries = { data: data.slice(0, asked * dim), count: asked, dim }
    const aborted = new AbortController()
    const search = index.search(queries, { k: 1, signal: aborted.signal })
    setTimeout(() => aborted.abort(), 1)
    await expect(search).rejects.toMatchObject({ name: 'AbortError' })

    const moving = index.search(queries, { k: 1 })
    await new Promise((resolve) => setTimeout(resolve, 60))
    await index.remove(['d0'])
    const found = await moving
    expect(found.length).toBe(asked)
    expect(found).toEqual(await index.search(queries, { k: 1 }))
  })

  it('refuses a dim or a metric that there is not', () => {
    for (const dim of [0, -1, 1.5, Number.NaN, 1e9]) {
      expect(() => exactVectorIndex({ dim })).toThrow(expect.objectContaining({ code: 'index.option' }))
    }
    expect(() => exactVectorIndex(JSON.parse('{"dim":3,"metric":"manhattan"}'))).toThrow(expect.objectContaining({ code: 'index.option' }))
  })
})
