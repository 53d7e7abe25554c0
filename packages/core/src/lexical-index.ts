import type { Hit, IdSet } from './vector-index.js'

/** One term of a text and where it stands: `text.slice(start, end)` in UTF-16 units. */
export interface Token {
  /** As it is indexed: lower case, stemmed. */
  readonly term: string
  readonly start: number
  readonly end: number
}

/** Cuts a text into terms. Documents and queries go through the same one. */
export interface Analyzer {
  /** Names analyser and version, so that a saved index is never read with another. */
  readonly name: string
  tokens(text: string): Token[]
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
