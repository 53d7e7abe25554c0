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
  return Array.from(rowProducts(queries, documents), (scores) => {
    const positions = topK(scores, k)
    return { positions, scores: positions.map((position) => scores[position]) }
  })
}

/** The dot products of each row of `queries`, one after the other, with all rows of `documents`: `[documents.count]`, in an array that is used again. */
export function* rowProducts(queries: Vectors, documents: Vectors): Generator<Float32Array, void> {
  const block = Array.from({ length: blockQueries }, () => new Float32Array(documents.count))
  for (let first = 0; first < queries.count; first += blockQueries) {
    const used = Math.min(blockQueries, queries.count - first)
    if (used === blockQueries) fourProducts(queries, first, documents, block)
    else for (let i = 0; i < used; i++) products(queries, first + i, documents, block[i])
    yield* block.slice(0, used)
  }
}

const blockQueries = 4

function products(queries: Vectors, query: number, documents: Vectors, scores: Float32Array, from = 0): void {
  const { dim } = queries
  const start = query * dim
  for (let row = from; row < documents.count; row++) {
    let sum = 0
    for (let i = 0, at = row * dim; i < dim; i++) sum += queries.data[start + i] * documents.data[at + i]
    scores[row] = sum
  }
}

/** Four queries by two documents at a time: a number is read once for several products, which makes it three times as fast. */
function fourProducts({ data, dim }: Vectors, first: number, documents: Vectors, scores: readonly Float32Array[]): void {
  const rows = documents.data
  const even = documents.count - (documents.count % 2)
  const [q0, q1, q2, q3] = [0, 1, 2, 3].map((i) => (first + i) * dim)
  const [s0, s1, s2, s3] = scores
  for (let row = 0; row < even; row += 2) {
    let a0 = 0
    let a1 = 0
    let a2 = 0
    let a3 = 0
    let b0 = 0
    let b1 = 0
    let b2 = 0
    let b3 = 0
    for (let i = 0, a = row * dim, b = a + dim; i < dim; i++, a++, b++) {
      const x = rows[a]
      const y = rows[b]
      const w0 = data[q0 + i]
      const w1 = data[q1 + i]
      const w2 = data[q2 + i]
      const w3 = data[q3 + i]
      a0 += w0 * x
      a1 += w1 * x
      a2 += w2 * x
      a3 += w3 * x
      b0 += w0 * y
      b1 += w1 * y
      b2 += w2 * y
      b3 += w3 * y
    }
    s0[row] = a0
    s1[row] = a1
    s2[row] = a2
    s3[row] = a3
    s0[row + 1] = b0
    s1[row + 1] = b1
    s2[row + 1] = b2
    s3[row + 1] = b3
  }
  for (const [i, each] of scores.entries()) products({ data, dim, count: first + scores.length }, first + i, documents, each, even)
}
