import type { Analyzer, Token } from '@ms/core'
import { mergeRanges, type Range } from './highlight.js'

export interface Snippet {
  /** A passage of the document; `…` stands where it was cut. */
  readonly text: string
  /** Where the query's terms stand in `text`. */
  readonly ranges: readonly Range[]
}

export interface SnippetOptions {
  /** Length aimed at, in UTF-16 units. Default: 200. */
  length?: number
}

const space = /\s/

/** Moves a cut so that it parts neither a word (where a space is near) nor a surrogate pair. */
function cutAt(text: string, position: number, direction: -1 | 1): number {
  if (position <= 0 || position >= text.length) return Math.max(0, Math.min(text.length, position))
  for (let steps = 0, at = position; steps < 24 && at > 0 && at < text.length; steps++, at += direction) {
    if (space.test(text[at - 1]) || space.test(text[at])) return at
  }
  const code = text.charCodeAt(position)
  return code >= 0xdc00 && code <= 0xdfff ? position + 1 : position
}

/** Start of the window of `length` that has most different terms, then most occurrences; the earliest of equals. */
function bestWindow(matches: readonly Token[], length: number): number {
  let best = { terms: 0, count: 0, start: 0 }
  const inside = new Map<string, number>()
  let last = 0
  for (let first = 0; first < matches.length; first++) {
    while (last < matches.length && matches[last].end - matches[first].start <= length) {
      inside.set(matches[last].term, (inside.get(matches[last].term) ?? 0) + 1)
      last++
    }
    const count = last - first
    if (inside.size > best.terms || (inside.size === best.terms && count > best.count)) {
      const middle = (matches[first].start + matches[Math.max(first, last - 1)].end) / 2
      best = { terms: inside.size, count, start: Math.max(0, Math.round(middle - length / 2)) }
    }
    const left = (inside.get(matches[first].term) ?? 0) - 1
    if (left > 0) inside.set(matches[first].term, left)
    else inside.delete(matches[first].term)
    if (last <= first) last = first + 1
  }
  return best.start
}

/** The parts of a text that a query's terms stand for. */
export function matchRanges(text: string, query: string, analyzer: Analyzer): Range[] {
  return mergeRanges(matching(text, query, analyzer), text.length)
}

function matching(text: string, query: string, analyzer: Analyzer): Token[] {
  // Second readings of the query (a single character of a longer Chinese word) would mark half the text.
  const terms = new Set(analyzer.tokens(query).flatMap(({ term, overlap }) => (overlap ? [] : [term])))
  return terms.size === 0 ? [] : analyzer.tokens(text).filter(({ term }) => terms.has(term))
}

/** The passage of a text that says most about a query; its beginning where no term of the query stands in it. */
export function snippet(text: string, query: string, analyzer: Analyzer, { length = 200 }: SnippetOptions = {}): Snippet {
  const matches = matching(text, query, analyzer)
  if (text.length <= length) return { text, ranges: mergeRanges(matches, text.length) }
  const start = cutAt(text, Math.min(bestWindow(matches, length), text.length - length), 1)
  const end = cutAt(text, start + length, -1)
  const passage = text.slice(start, end)
  const lead = start > 0 ? '…' : ''
  const blanks = passage.length - passage.trimStart().length
  const shift = lead.length - start - blanks
  const trimmed = passage.trim()
  const shown = lead + trimmed + (end < text.length ? '…' : '')
  const ranges = mergeRanges(
    matches
      .filter((match) => match.start >= start && match.end <= end)
      .map((match) => ({ start: match.start + shift, end: match.end + shift })),
    lead.length + trimmed.length,
  )
  return { text: shown, ranges }
}
