import type { Analyzer, Hit, LexicalDocument, LexicalIndex, LexicalSearchOptions } from '@ms/core'
import { MsError } from '@ms/core'
import { standardAnalyzer } from '../analysis/standard-analyzer.js'
import { checkIds } from '../ranking/check-ids.js'
import { checkK } from '../ranking/check-k.js'
import { grown } from '../ranking/grown.js'
import type { Bm25Snapshot } from './bm25-snapshot.js'
import { countTerms } from './count-terms.js'
import { appendDocuments, emptyForwardIndex, invert, postingLists, removed, type Segment, withoutRemoved } from './postings.js'
import { type Accumulators, type QueryTerm, scoreDocuments, scoreOnly } from './score-documents.js'

export interface Bm25Options {
  /** How soon more occurrences stop to matter. Default: 1.2. */
  k1?: number
  /** How much a long document is held back, 0 to 1. Default: 0.75. */
  b?: number
  /** Default: `standardAnalyzer()`. */
  analyzer?: Analyzer
  /** How many times a title's terms count: a whole number from 1 to 100. Default: 1. */
  titleBoost?: number
}

export interface Bm25Index extends LexicalIndex {
  readonly k1: number
  readonly b: number
  readonly titleBoost: number
  /** All ids, in no particular order; a copy. */
  ids(): string[]
  /** A copy of everything: what `@ms/index/node` saves. */
  snapshot(): Bm25Snapshot
}

/**
 * Keyword search: score = Σ over the query's terms of ln(1 + (N − n + ½) / (n + ½)) · tf / (tf + k1 · (1 − b + b · length / mean length)),
 * the BM25 of Robertson and Zaragoza 2009 as Lucene computes it, with exact lengths and exact counts after removals.
 * Held in typed arrays, about 16 bytes for each distinct term of each document.
 * @throws `index.option` for k1, b or titleBoost out of range; `index.id`, `index.document`, `search.k`, `search.query` from its methods
 * @example
 * ```ts
 * import { bm25Index } from '@ms/index'
 * const index = bm25Index()
 * await index.upsert([{ id: 'a', title: 'Page size', text: 'Choose paper and margins.' }])
 * const hits = await index.search('margin', { k: 10 }) // [{ id: 'a', score: … }]
 * ```
 */
export function bm25Index(options: Bm25Options = {}): Bm25Index {
  return bm25IndexFrom(undefined, options)
}

/** An index with what a snapshot holds. Trusts it: `checkBm25Snapshot` first where it comes from outside. */
export function bm25IndexFrom(snapshot: Bm25Snapshot | undefined, options: Bm25Options): Bm25Index {
  const { k1 = 1.2, b = 0.75, analyzer = standardAnalyzer(), titleBoost = 1 } = options
  checkOption('k1', k1, k1 >= 0 && k1 <= 1000, 'a number from 0 to 1000')
  checkOption('b', b, b >= 0 && b <= 1, 'a number from 0 to 1')
  checkOption(
    'titleBoost',
    titleBoost,
    Number.isInteger(titleBoost) && titleBoost >= 1 && titleBoost <= 100,
    'a whole number from 1 to 100',
  )

  let forward = snapshot ? { ...snapshot.forward } : emptyForwardIndex()
  let ids: string[] = snapshot ? [...snapshot.ids] : []
  let rowOf = new Map(ids.map((id, row) => [id, row]))
  let terms: string[] = snapshot ? [...snapshot.terms] : []
  let numberOf = new Map(terms.map((term, number) => [term, number]))
  let frequencies = new Uint32Array(terms.length)
  let totalLength = 0
  for (let i = 0; i < forward.starts[forward.count]; i++) frequencies[forward.terms[i]] += 1
  for (let row = 0; row < forward.count; row++) totalLength += forward.lengths[row]

  let segments: Segment[] = []
  let indexed = 0
  let norms = new Float64Array(0)
  /** The greatest tf / (tf + norm) of each term, NaN while it is not known. */
  let impacts = new Float64Array(0)
  let fresh = false
  let scratch = new Uint32Array(0)
  const memory: Accumulators = { sums: new Float64Array(0), touched: new Uint32Array(0) }

  const intern = (term: string): number => {
    let number = numberOf.get(term)
    if (number === undefined) {
      number = terms.push(term) - 1
      numberOf.set(term, number)
    }
    return number
  }

  const removeRow = (row: number): void => {
    totalLength -= forward.lengths[row]
    forward.lengths[row] = removed
    for (let i = forward.starts[row]; i < forward.starts[row + 1]; i++) frequencies[forward.terms[i]] -= 1
    rowOf.delete(ids[row])
    fresh = false
  }

  /** Drops removed documents and terms that nothing holds any more, keeping the order of the rest. */
  const compact = (): void => {
    const old = terms
    ids = ids.filter((_, row) => forward.lengths[row] !== removed)
    terms = []
    numberOf = new Map()
    forward = withoutRemoved(forward, (number) => intern(old[number]))
    rowOf = new Map(ids.map((id, row) => [id, row]))
    frequencies = new Uint32Array(terms.length)
    for (let i = 0; i < forward.starts[forward.count]; i++) frequencies[forward.terms[i]] += 1
    segments = []
    indexed = 0
    fresh = false
  }

  const compactIfHalfIsGone = (): void => {
    if (forward.count > 1024 && rowOf.size < forward.count / 2) compact()
  }

  /** Makes what was added searchable: a new segment, merged with those before it until each is twice as large as the next. */
  const refresh = (): void => {
    if (fresh) return
    if (scratch.length < terms.length) scratch = new Uint32Array(Math.ceil(terms.length * 1.5))
    if (indexed < forward.count) {
      let from = indexed
      const size = (start: number, end: number) => forward.starts[end] - forward.starts[start]
      while (segments.length > 0 && size(segments[segments.length - 1].from, from) < 2 * size(from, forward.count)) {
        from = segments[segments.length - 1].from
        segments.pop()
      }
      segments.push(invert(forward, from, forward.count, scratch))
      indexed = forward.count
    }
    const meanLength = rowOf.size > 0 ? totalLength / rowOf.size : 1
    norms = grown(norms, forward.count)
    for (let row = 0; row < forward.count; row++) {
      const length = forward.lengths[row]
      norms[row] = length === removed ? Number.POSITIVE_INFINITY : k1 * (1 - b + (b * length) / (meanLength || 1))
    }
    impacts = grown(impacts, terms.length).fill(Number.NaN)
    fresh = true
  }

  const queryTerms = (query: string): QueryTerm[] => {
    const times = new Map<number, number>()
    const asked = analyzer.queryTokens?.(query) ?? analyzer.tokens(query)
    for (const { term, weight = 1 } of asked) {
      const number = numberOf.get(term)
      if (number !== undefined && frequencies[number] > 0) times.set(number, (times.get(number) ?? 0) + weight)
    }
    return Array.from(times, ([number, count]) => {
      const frequency = frequencies[number]
      const weight = count * Math.log(1 + (rowOf.size - frequency + 0.5) / (frequency + 0.5))
      const lists = postingLists(segments, number)
      if (Number.isNaN(impacts[number])) {
        let impact = 0
        for (const { segment, start, end } of lists) {
          for (let i = start; i < end; i++) impact = Math.max(impact, segment.counts[i] / (segment.counts[i] + norms[segment.documents[i]]))
        }
        impacts[number] = impact
      }
      return { lists, frequency, weight, bound: weight * impacts[number] }
    })
  }

  return {
    k1,
    b,
    titleBoost,
    analyzer,
    get size() {
      return rowOf.size
    },

    async upsert(documents: readonly LexicalDocument[]) {
      checkIds(documents.map((document) => document.id))
      documents.forEach(checkDocument)
      const last = new Map(documents.map((document, i) => [document.id, i]))
      const batch = documents.filter((document, i) => last.get(document.id) === i)
      // Everything that can fail comes before the first change.
      const counted = countTerms(batch, { analyzer, intern, titleBoost })
      frequencies = grown(frequencies, terms.length)
      for (const { id } of batch) {
        const row = rowOf.get(id)
        if (row !== undefined) removeRow(row)
        rowOf.set(id, ids.push(id) - 1)
      }
      appendDocuments(forward, counted)
      for (let i = 0; i < counted.starts[counted.count]; i++) frequencies[counted.terms[i]] += 1
      for (const length of counted.lengths) totalLength += length
      if (batch.length > 0) fresh = false
      compactIfHalfIsGone()
    },

    async remove(gone: readonly string[]) {
      checkIds(gone)
      let count = 0
      for (const id of gone) {
        const row = rowOf.get(id)
        if (row === undefined) continue
        removeRow(row)
        count += 1
      }
      compactIfHalfIsGone()
      return count
    },

    async search(query: string, { k, allow, signal }: LexicalSearchOptions): Promise<Hit[]> {
      signal?.throwIfAborted()
      checkK(k)
      if (typeof query !== 'string') throw new MsError('search.query', `the query is a ${typeof query}, not a text`, { where: 'query' })
      refresh()
      const found = queryTerms(query)
      if (found.length === 0 || allow?.size === 0) return []
      if (allow && allow.size < ids.length >> 3) {
        const chosen: number[] = []
        for (const id of allow) {
          const row = rowOf.get(id)
          if (row !== undefined) chosen.push(row)
        }
        return scoreOnly(Uint32Array.from(chosen), found, k, ids, norms, memory).hits()
      }
      return scoreDocuments(found, k, ids, norms, memory, allow && ((row) => allow.has(ids[row]))).hits()
    },

    ids: () => [...rowOf.keys()],

    snapshot() {
      if (rowOf.size < forward.count) compact()
      const { count, starts, terms: numbers, counts, lengths } = forward
      const used = starts[count]
      return {
        ids: [...ids],
        terms: [...terms],
        forward: {
          count,
          starts: starts.slice(0, count + 1),
          terms: numbers.slice(0, used),
          counts: counts.slice(0, used),
          lengths: lengths.slice(0, count),
        },
        k1,
        b,
        titleBoost,
        analyzer: analyzer.name,
      }
    },
  }
}

function checkOption(name: string, value: number, right: boolean, wanted: string): void {
  if (!right) throw new MsError('index.option', `${name} is ${value}`, { where: name, advice: `Give ${wanted}.` })
}

function checkDocument({ id, text, title }: LexicalDocument): void {
  for (const [name, value] of [
    ['text', text],
    ['title', title],
  ] as const) {
    if (typeof value === 'string' || (name === 'title' && value === undefined)) continue
    throw new MsError('index.document', `${name} of document ${id} is ${value === null ? 'null' : `a ${typeof value}`}, not a text`, {
      where: name,
    })
  }
}
