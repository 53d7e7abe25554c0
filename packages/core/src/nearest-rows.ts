import { topK } from './top-k.js'
import type { Vectors } from './vectors.js'

export interface NearestRows {
  /** Row numbers, best first; equal scores in the order of rows. */
  readonly positions: readonly number[]
  /** Their dot products. */
  readonly scores: readonly number[]
}

/** The `k` rows of `documents` with the largest dot product, for each row of `queries`. Exact. */
export function nearestRows(queries: Vectors, documents: Vectors, k: number): NearestRows[] {
  const { dim } = queries
  const scores = new Float32Array(documents.count)
  return Array.from({ length: queries.count }, (_, query) => {
    const start = query * dim
    for (let row = 0; row < documents.count; row++) {
      let sum = 0
      for (let i = 0, at = row * dim; i < dim; i++) sum += queries.data[start + i] * documents.data[at + i]
      scores[row] = sum
    }
    const positions = topK(scores, k)
    return { positions, scores: positions.map((position) => scores[position]) }
  })
}
