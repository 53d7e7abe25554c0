import type { Vectors } from './vectors.js'

export type Metric = 'cosine' | 'dot' | 'l2'

/** One document found. A higher score is better under every metric (`l2` scores are negated distances). */
export interface Hit {
  readonly id: string
  readonly score: number
}

export type IdSet = ReadonlySet<string>

export interface VectorSearchOptions {
  /** How many hits a query: an integer from 1 to 1,000,000. More than there are documents is not an error. */
  k: number
  /** Only these ids may be found. */
  allow?: IdSet
  signal?: AbortSignal
}

export interface VectorIndex {
  readonly dim: number
  readonly metric: Metric
  readonly size: number
  /** Of the embedder that made the vectors, where it is known: a query of another space is refused. */
  readonly space?: string
  /** True when `search` returns the true nearest neighbours. */
  readonly exact: boolean
  /** Adds, or replaces where the id is there. `vectors` is `[ids.length, dim]`. All or nothing. */
  upsert(ids: readonly string[], vectors: Vectors): Promise<void>
  /** How many of the ids were there. */
  remove(ids: readonly string[]): Promise<number>
  /** One list a query, best first; equal scores in the order of ids. */
  search(queries: Vectors, options: VectorSearchOptions): Promise<Hit[][]>
}
