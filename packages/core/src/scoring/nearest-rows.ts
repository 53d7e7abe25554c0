import type { Vectors } from '../vectors.js'
import { blockScorer } from './score-block.js'
import { topK } from './top-k.js'

export interface NearestRows {
  /** Row numbers, best first; equal scores in the order of rows. */
  readonly positions: readonly number[]
  /** Their dot products. */
  readonly scores: readonly number[]
}

/** The `k` rows of `documents` with the largest dot product, for each row of `queries`. Exact. */
export function nearestRows(queries: Vectors, documents: Vectors, k: number): NearestRows[] {
  return Array.from(rowProducts(queries, documents), (scores) => {
    const positions = topK(scores, k)
    return { positions, scores: positions.map((position) => scores[position]) }
  })
}

/**
 * The dot products of each row of `queries`, one after the other, with all rows of `documents`: `[documents.count]`, in an array that is used
 * again. Several queries are computed at a time.
 */
export function* rowProducts(queries: Vectors, documents: Vectors): Generator<Float32Array, void> {
  const { dim } = queries
  const scorer = blockScorer(Math.max(1, dim), 'dot')
  const { rowCapacity, queryCapacity, scores } = scorer
  const products = Array.from({ length: Math.min(queryCapacity, queries.count) }, () => new Float32Array(documents.count))
  for (let first = 0; first < queries.count; first += queryCapacity) {
    const asked = Math.min(queryCapacity, queries.count - first)
    copyRows(queries, first, asked, scorer.queries, scorer.stride)
    for (let from = 0; from < documents.count; from += rowCapacity) {
      const count = Math.min(rowCapacity, documents.count - from)
      copyRows(documents, from, count, scorer.rows, scorer.stride)
      scorer.score(count, asked)
      for (let q = 0; q < asked; q++) products[q].set(scores.subarray(q * rowCapacity, q * rowCapacity + count), from)
    }
    yield* products.slice(0, asked)
  }
}

function copyRows({ data, dim }: Vectors, from: number, count: number, to: Float32Array, stride: number): void {
  if (stride === dim) to.set(data.subarray(from * dim, (from + count) * dim))
  else for (let i = 0; i < count; i++) to.set(data.subarray((from + i) * dim, (from + i + 1) * dim), i * stride)
}
