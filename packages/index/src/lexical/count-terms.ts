import type { Analyzer, LexicalDocument } from '@ms/core'
import { grown } from '../ranking/grown.js'

export interface CountTermsOptions {
  analyzer: Analyzer
  /** Number of a term, a new one for a new term. */
  intern: (term: string) => number
  titleBoost: number
}

/** Terms of document `d`: `[starts[d], starts[d + 1])` of `terms` and `counts`. */
export interface CountedTerms {
  readonly starts: Uint32Array
  readonly terms: Uint32Array
  readonly counts: Uint16Array
  /** In tokens. */
  readonly lengths: Uint32Array
}

const largestCount = 0xffff

export function countTerms(documents: readonly LexicalDocument[], { analyzer, intern, titleBoost }: CountTermsOptions): CountedTerms {
  const starts = new Uint32Array(documents.length + 1)
  const lengths = new Uint32Array(documents.length)
  let terms = new Uint32Array(256)
  let counts = new Uint16Array(256)
  // Where a term of the document in hand stands in `terms`, for the terms seen since `start`.
  let place = new Uint32Array(256)
  let used = 0
  documents.forEach(({ title, text }, document) => {
    const start = used
    const count = (field: string, times: number) => {
      const tokens = analyzer.tokens(field)
      lengths[document] += tokens.length * times
      for (const { term } of tokens) {
        const number = intern(term)
        place = grown(place, number + 1)
        const at = place[number]
        if (at >= start && at < used && terms[at] === number) counts[at] = Math.min(largestCount, counts[at] + times)
        else {
          terms = grown(terms, used + 1)
          counts = grown(counts, used + 1)
          terms[used] = number
          counts[used] = times
          place[number] = used++
        }
      }
    }
    if (title) count(title, titleBoost)
    count(text, 1)
    starts[document + 1] = used
  })
  return { starts, lengths, terms, counts }
}
