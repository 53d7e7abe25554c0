import type { Analyzer, LexicalDocument } from '@ms/core'
import { grown } from '../ranking/grown.js'
import type { ForwardIndex } from './postings.js'

export interface CountTermsOptions {
  analyzer: Analyzer
  /** Number of a term, a new one for a new term. */
  intern: (term: string) => number
  titleBoost: number
}

const largestCount = 0xffff

/** What the documents hold; its arrays may be longer than what is used of them. */
export function countTerms(documents: readonly LexicalDocument[], { analyzer, intern, titleBoost }: CountTermsOptions): ForwardIndex {
  const starts = new Uint32Array(documents.length + 1)
  const lengths = new Uint32Array(documents.length)
  let terms = new Uint32Array(256)
  let counts = new Uint16Array(256)
  // Where a term of the document in hand stands in `terms`, for the terms seen since `start`.
  let place = new Uint32Array(256)
  let used = 0
  // Plain loops: this is where the time of indexing goes.
  for (let document = 0; document < documents.length; document++) {
    const { title, text } = documents[document]
    const start = used
    for (let field = title ? 0 : 1; field < 2; field++) {
      const times = field === 0 ? titleBoost : 1
      const tokens = analyzer.tokens(field === 0 ? (title ?? '') : text)
      if (used + tokens.length > terms.length) {
        terms = grown(terms, used + tokens.length)
        counts = grown(counts, used + tokens.length)
      }
      for (let i = 0; i < tokens.length; i++) {
        const { term, overlap } = tokens[i]
        const number = intern(term)
        if (!overlap) lengths[document] += times
        if (number >= place.length) place = grown(place, number + 1)
        const at = place[number]
        if (at >= start && at < used && terms[at] === number) counts[at] = Math.min(largestCount, counts[at] + times)
        else {
          terms[used] = number
          counts[used] = times
          place[number] = used++
        }
      }
    }
    starts[document + 1] = used
  }
  return { count: documents.length, starts, terms, counts, lengths }
}
