import { hash } from './hash.js'

/** Which rows of the table n-grams of one length share. */
export interface NgramLength {
  /** Characters. */
  readonly length: number
  /** Rows that n-grams of this length are spread over. */
  readonly rows: number
}

const separators = /[^\p{L}\p{M}\p{N}]+/u

/**
 * The rows of a text's n-grams, each once: how often something is repeated says little about what a text is about.
 * NFKC makes full-width and half-width forms the same; words are padded with a space on either side, so that their beginnings and ends
 * count. A run of Chinese is one word.
 */
export function ngramRows(text: string, lengths: readonly NgramLength[]): Int32Array {
  const rows = new Set<number>()
  for (const word of text.normalize('NFKC').toLowerCase().split(separators)) {
    if (word === '') continue
    const characters = [...` ${word} `]
    let first = 0
    for (const { length, rows: count } of lengths) {
      for (let at = 0; at + length <= characters.length; at++) {
        const ngram = characters.slice(at, at + length).join('')
        if (ngram !== ' ') rows.add(first + (hash(ngram) % count))
      }
      first += count
    }
  }
  return Int32Array.from(rows)
}
