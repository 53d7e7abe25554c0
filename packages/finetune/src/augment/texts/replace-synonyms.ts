import type { Random } from '@ms/core'
import { type Augment, assertSetting } from '../augment.js'
import { type Piece, wordSegmenter } from './words.js'

export interface ReplaceSynonymsOptions {
  /** Probability that a word (or phrase) that has synonyms is replaced. Default: 0.3. */
  readonly rate?: number
}

/** No phrase of a table is longer than so many pieces, spaces among them. */
const longestPhrase = 7

/**
 * Replaces words and phrases by synonyms. The table is read in lower case; the longest entry that begins at a word wins, so
 * Chinese entries need not be where a dictionary would cut.
 *
 * @param table lower-case word or phrase → what can stand for it
 * @throws `augment.settings`
 */
export function replaceSynonyms(
  table: ReadonlyMap<string, readonly string[]>,
  { rate = 0.3 }: ReplaceSynonymsOptions = {},
): Augment<string> {
  assertSetting(rate >= 0 && rate <= 1, `rate must be from 0 to 1, not ${rate}`)
  const segment = wordSegmenter()
  return (text, random) => {
    const pieces = segment(text)
    let result = ''
    for (let at = 0; at < pieces.length; ) {
      const entry = pieces[at].word ? entryAt(table, pieces, at) : undefined
      const end = entry?.end ?? at + 1
      const original = textOf(pieces, at, end)
      result += entry && random.uniform() < rate ? chosen(entry.synonyms, original, random) : original
      at = end
    }
    return result
  }
}

const textOf = (pieces: readonly Piece[], from: number, to: number) =>
  pieces
    .slice(from, to)
    .map((piece) => piece.text)
    .join('')

function entryAt(table: ReadonlyMap<string, readonly string[]>, pieces: readonly Piece[], at: number) {
  for (let end = Math.min(pieces.length, at + longestPhrase); end > at; end--) {
    const synonyms = table.get(textOf(pieces, at, end).toLowerCase())
    if (synonyms && synonyms.length > 0) return { end, synonyms }
  }
  return undefined
}

/** A capital stays a capital. */
function chosen(synonyms: readonly string[], original: string, random: Random): string {
  const synonym = synonyms[random.integer(synonyms.length)]
  const first = original.charAt(0)
  return first !== first.toLowerCase() ? synonym.charAt(0).toUpperCase() + synonym.slice(1) : synonym
}
