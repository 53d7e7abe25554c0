import type { ForwardIndex } from './postings.js'

/** The whole state of a BM25 index, without removed documents. */
export interface Bm25Snapshot {
  readonly ids: readonly string[]
  /** The term of each number. */
  readonly terms: readonly string[]
  readonly forward: Readonly<ForwardIndex>
  readonly k1: number
  readonly b: number
  readonly titleBoost: number
  /** Name of the analyser. */
  readonly analyzer: string
}
