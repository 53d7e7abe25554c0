import type { Hit, IdSet } from './vector-index.js'

/** One term of a text and where it stands: `text.slice(start, end)` in UTF-16 units. */
export interface Token {
  /** As it is indexed: lower case, stemmed. */
  readonly term: string
  readonly start: number
  readonly end: number
  /** A second reading of what other tokens cover: it can be found, and does not add to the length of its text. Default: false. */
  readonly overlap?: boolean
  /** How much it counts in a query. Default: 1. */
  readonly weight?: number
}

/** Cuts a text into terms. Documents and queries go through the same one. */
export interface Analyzer {
  /** Names analyser and version, so that a saved index is never read with another. Says nothing of `queryTokens`, which may change. */
  readonly name: string
  /** The terms that a document is found by. */
  tokens(text: string): Token[]
  /** The terms that a query asks for, all of them of the kind that `tokens` gives. Default: `tokens`. */
  queryTokens?(query: string): Token[]
}

export interface LexicalDocument {
  readonly id: string
  readonly title?: string
  readonly text: string
}

export interface LexicalSearchOptions {
  k: number
  allow?: IdSet
  signal?: AbortSignal
}

export interface LexicalIndex {
  readonly size: number
  readonly analyzer: Analyzer
  /** Adds, or replaces where the id is there. All or nothing. */
  upsert(documents: readonly LexicalDocument[]): Promise<void>
  remove(ids: readonly string[]): Promise<number>
  /** Best first; only documents that share a term with the query; equal scores in the order of ids. */
  search(query: string, options: LexicalSearchOptions): Promise<Hit[]>
}
