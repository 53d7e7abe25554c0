import { type Analyzer, type Document, type Embedder, type Hit, type IdSet, type LexicalIndex, MsError, type VectorIndex } from '@ms/core'
import type { FusedHit, Fusion } from './fusion/fusion.js'
import { defaultDepth } from './fusion/fusion.js'
import { reciprocalRankFusion } from './fusion/reciprocal-rank-fusion.js'
import type { Range } from './snippet/highlight.js'
import { matchRanges, type Snippet, snippet } from './snippet/snippet.js'

export type SearchMode = 'dense' | 'lexical' | 'hybrid'

/** The documents that were indexed, by id. A `Map` is one. */
export interface DocumentLookup {
  get(id: string): Document | undefined | Promise<Document | undefined>
  /** All of them; needed for `filter` only. */
  values?(): Iterable<Document>
}

/** The dense leg: vectors, and what turns a query into one. */
export interface DenseLeg {
  readonly embedder: Embedder<string>
  readonly index: VectorIndex
  /** `Embedder.space` of the vectors in the index. */
  readonly space: string
}

export interface SearchOptions {
  documents: DocumentLookup
  dense?: DenseLeg
  lexical?: LexicalIndex
  /** How the legs become one ranking. Default: `reciprocalRankFusion()`. */
  fusion?: Fusion
  /** Cuts texts for highlighting. Default: the lexical index's. */
  analyzer?: Analyzer
  /** Length of a snippet. Default: 200. */
  snippetLength?: number
}

export interface QueryOptions {
  /** Results: a whole number from 1 to 1,000,000. Default: 10. */
  k?: number
  /** Default: `hybrid` where both legs are there, else the one that is. */
  mode?: SearchMode
  /** Only these documents. */
  allow?: IdSet
  /** Only documents of which this is true. Asked of every document (of every allowed one) at every query. */
  filter?: (document: Document) => boolean
  /** Leaves out results that score lower. */
  minScore?: number
  signal?: AbortSignal
}

export interface SearchResult {
  readonly id: string
  readonly score: number
  /** What each leg thought of it, where it is known. */
  readonly scores: { readonly dense?: number; readonly lexical?: number }
  readonly title?: string
  /** Where the query's terms stand in `title`. */
  readonly titleRanges?: readonly Range[]
  readonly snippet: Snippet
  readonly document: Document
}

export interface SearchResults {
  readonly query: string
  readonly mode: SearchMode
  readonly results: readonly SearchResult[]
  /** Milliseconds. */
  readonly took: number
}

export interface Search {
  readonly modes: readonly SearchMode[]
  /** @throws `search.k`, `search.query`, `search.mode` for a leg that is not there, `search.filter`, `search.document-missing` */
  search(query: string, options?: QueryOptions): Promise<SearchResults>
}

const largestK = 1_000_000
const noTerms: Analyzer = { name: 'none', tokens: () => [] }

/**
 * Puts documents and indexes together to something that answers queries.
 *
 * @throws `search.no-index` when there is neither leg; `search.space` when the embedder's vectors are of another space than the index's
 * @example
 * ```ts
 * import { bm25Index } from '@ms/index'
 * import { createSearch } from '@ms/search'
 *
 * const document = { id: 'a', title: 'Paper', text: 'Print two pages on one sheet.' }
 * const lexical = bm25Index()
 * await lexical.upsert([document])
 * const search = createSearch({ documents: new Map([[document.id, document]]), lexical })
 * const { results } = await search.search('printing pages')
 * ```
 */
export function createSearch(options: SearchOptions): Search {
  const { documents, dense, lexical, fusion = reciprocalRankFusion(), analyzer = lexical?.analyzer ?? noTerms, snippetLength } = options
  if (!dense && !lexical) throw new MsError('search.no-index', 'there is neither a vector index nor a keyword index')
  for (const space of dense ? [dense.space, dense.index.space ?? dense.space] : []) {
    if (dense?.embedder.space === space) continue
    throw new MsError('search.space', 'the model that embeds queries is not the one that embedded the documents', {
      advice: 'Use that model, or embed the documents anew with this one.',
      details: { query: dense?.embedder.space, index: space },
    })
  }
  const modes: SearchMode[] = [
    ...(dense && lexical ? (['hybrid'] as const) : []),
    ...(dense ? (['dense'] as const) : []),
    ...(lexical ? (['lexical'] as const) : []),
  ]

  const retrieveDense = async (query: string, k: number, allow: IdSet | undefined, signal: AbortSignal | undefined) => {
    if (!dense) return { hits: [], score: async () => [] }
    const vectors = await dense.embedder.embed([query], { role: 'query', signal })
    const find = async (k: number, allow: IdSet | undefined) => (await dense.index.search(vectors, { k, allow, signal }))[0] ?? []
    return { hits: await find(k, allow), score: (ids: IdSet) => find(ids.size, ids) }
  }

  /** Each leg also scores what only the other found, so that a fused score knows both. */
  const hybrid = async (query: string, k: number, allow: IdSet | undefined, signal: AbortSignal | undefined): Promise<FusedHit[]> => {
    if (!lexical) return []
    const depth = Math.max(defaultDepth, k)
    const [fromDense, fromLexical] = await Promise.all([
      retrieveDense(query, depth, allow, signal),
      lexical.search(query, { k: depth, allow, signal }),
    ])
    const missing = (hits: readonly Hit[], others: readonly Hit[]) => {
      const known = new Set(hits.map(({ id }) => id))
      return new Set(others.map(({ id }) => id).filter((id) => !known.has(id)))
    }
    const [denseLacks, lexicalLacks] = [missing(fromDense.hits, fromLexical), missing(fromLexical, fromDense.hits)]
    const [moreDense, moreLexical] = await Promise.all([
      denseLacks.size > 0 ? fromDense.score(denseLacks) : [],
      lexicalLacks.size > 0 ? lexical.search(query, { k: lexicalLacks.size, allow: lexicalLacks, signal }) : [],
    ])
    return fusion.fuse([...fromDense.hits, ...moreDense], [...fromLexical, ...moreLexical], depth)
  }

  const rank = async (
    query: string,
    mode: SearchMode,
    k: number,
    allow: IdSet | undefined,
    signal: AbortSignal | undefined,
  ): Promise<FusedHit[]> => {
    if (mode === 'hybrid') return hybrid(query, k, allow, signal)
    if (mode === 'dense') return (await retrieveDense(query, k, allow, signal)).hits.map((hit) => ({ ...hit, dense: hit.score }))
    return ((await lexical?.search(query, { k, allow, signal })) ?? []).map((hit) => ({ ...hit, lexical: hit.score }))
  }

  return {
    modes,
    search: async (query, { k = 10, mode = modes[0], filter, minScore = Number.NEGATIVE_INFINITY, signal, ...rest } = {}) => {
      const start = performance.now()
      signal?.throwIfAborted()
      if (!Number.isInteger(k) || k < 1 || k > largestK) {
        throw new MsError('search.k', `k is ${k}`, { advice: 'Give a whole number from 1 to 1,000,000.' })
      }
      if (typeof query !== 'string') throw new MsError('search.query', `the query is a ${typeof query}, not a text`)
      const allow = filter ? filtered(documents, filter, rest.allow) : rest.allow
      if (!modes.includes(mode)) {
        throw new MsError('search.mode', `this search has no ${mode} mode`, { advice: `It has: ${modes.join(', ')}.` })
      }
      const found = query.trim() === '' || allow?.size === 0 ? [] : await rank(query, mode, k, allow, signal)
      signal?.throwIfAborted()
      const results: SearchResult[] = []
      for (const { id, score, dense, lexical } of found.filter((hit) => hit.score >= minScore).slice(0, k)) {
        const document = await documents.get(id)
        if (!document) {
          throw new MsError('search.document-missing', `the index knows "${id}", but there is no such document`, {
            kind: 'failure',
            advice: 'Index and documents are out of step: index the documents anew.',
          })
        }
        results.push({
          id,
          score,
          scores: { ...(dense === undefined ? {} : { dense }), ...(lexical === undefined ? {} : { lexical }) },
          ...(document.title ? { title: document.title, titleRanges: matchRanges(document.title, query, analyzer) } : {}),
          snippet: snippet(document.text ?? '', query, analyzer, { length: snippetLength }),
          document,
        })
      }
      return { query, mode, results, took: performance.now() - start }
    },
  }
}

function filtered(documents: DocumentLookup, filter: (document: Document) => boolean, allow: IdSet | undefined): IdSet {
  if (!documents.values) {
    throw new MsError('search.filter', 'these documents cannot be listed, so they cannot be filtered', {
      advice: 'Give the documents as a Map, or the ids as "allow".',
    })
  }
  const ids = new Set<string>()
  for (const document of documents.values()) if ((!allow || allow.has(document.id)) && filter(document)) ids.add(document.id)
  return ids
}
