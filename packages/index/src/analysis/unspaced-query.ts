import type { Token } from '@ms/core'
import { pushUnspaced } from './unspaced-tokens.js'
import { unitsOf } from './unspaced-units.js'

/** What a term counts; chosen on the dev and train queries of six collections in Chinese, Japanese and Korean (README). */
const weights = {
  /** A bigram that reaches from one word into the next. */
  acrossWords: 0.25,
  /** A Han character that is a word. */
  oneCharacterWord: 0.75,
  /** Every other Han character, beside the bigrams. */
  han: 0.2,
  /** The first of two syllables of Hangul: often a noun of one syllable and its particle, which a document has with another particle. */
  hangulStem: 0.5,
}

const hasWords = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
const isHan = /^\p{Script=Han}/u
const isHangul = /^\p{Script=Hangul}/u

/**
 * The terms that a query's run without spaces asks for: bigrams and, of less weight, single characters. Words as `Intl.Segmenter` finds
 * them only say how much each counts. So the runtime's dictionary decides about the order of results and never about what is found, and an
 * index can be searched with another version of it, or with none. A run of one character asks for that character, wherever it stands.
 */
export function unspacedQuery(): (query: string, start: number, end: number, out: Token[]) => void {
  let segmenter: Intl.Segmenter | undefined

  /** Where words begin, in UTF-16 units of the query; undefined where nothing is known about them. */
  const wordStarts = (run: string, offset: number): ReadonlySet<number> | undefined => {
    if (!hasWords.test(run) || typeof Intl.Segmenter !== 'function') return undefined
    // One dictionary holds the words of Chinese and Japanese.
    segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' })
    return new Set(Array.from(segmenter.segment(run), ({ index }) => offset + index))
  }

  return (query, start, end, out) => {
    const run = query.slice(start, end)
    const units = unitsOf(run, start)
    if (units.length === 1) {
      out.push({ term: units[0].text, start, end })
      return
    }
    const starts = wordStarts(run, start)
    for (const [i, unit] of units.entries()) {
      const next = units[i + 1] as (typeof units)[number] | undefined
      const weight = characterWeight(unit.text, i === 0 && units.length === 2, starts?.has(unit.start) && (!next || starts.has(next.start)))
      if (weight > 0) out.push({ term: unit.text, start: unit.start, end: unit.end, weight })
      if (next) {
        const across = starts?.has(next.start) ?? false
        out.push({ term: unit.text + next.text, start: unit.start, end: next.end, weight: across ? weights.acrossWords : 1 })
      }
    }
  }
}

/** The plain query: every bigram of a run, and the character of a run of one. */
export function pushBigrams(query: string, start: number, end: number, out: Token[]): void {
  const tokens: Token[] = []
  pushUnspaced(query, start, end, tokens)
  for (const token of tokens) if (!token.overlap) out.push(token)
}

/** Han characters and Hangul: kana alone are particles for the most part, and signs of other scripts are no words. */
function characterWeight(character: string, firstOfTwo: boolean, isWord = false): number {
  if (isHan.test(character)) return isWord ? weights.oneCharacterWord : weights.han
  return firstOfTwo && isHangul.test(character) ? weights.hangulStem : 0
}
