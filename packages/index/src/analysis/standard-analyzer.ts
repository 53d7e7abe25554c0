import type { Analyzer, Token } from '@ms/core'
import { CharacterClass, characterClasses } from './character-class.js'
import { foldTerm } from './fold-term.js'
import { stemEnglish } from './stem-english.js'
import { pushBigrams, unspacedQuery } from './unspaced-query.js'
import { pushUnspaced } from './unspaced-tokens.js'
import { wordCache } from './word-cache.js'

export interface StandardAnalyzerOptions {
  /** What is done to words of the letters a–z. Default: `english`. */
  stemming?: 'english' | 'none'
  /**
   * What counts in a query in a script without spaces. `words`: bigrams within words more than those across, and single characters a little.
   * `bigrams`: all bigrams alike, which is what other engines do, and the baseline that figures are compared with. Documents have the same
   * terms either way, so an index can be searched with both. Default: `words`.
   */
  unspaced?: 'words' | 'bigrams'
}

const longestTerm = 128
const contractions = new Set(['s', 't', 're', 've', 'll', 'd', 'm'])

const isDigit = (code: number) => code >= 48 && code <= 57
const emojiSelector = '\ufe0f'

const isAsciiLetter = (code: number) => (code | 32) >= 97 && (code | 32) <= 122
const asciiClass = (code: number) =>
  isAsciiLetter(code) ? CharacterClass.letter : isDigit(code) ? CharacterClass.digit : CharacterClass.separator
const isApostrophe = (code: number) => code === 0x27 || code === 0x2019 || code === 0xff07

/**
 * Cuts text of any language into terms.
 *
 * - Words are runs of letters and digits, in lower case, without accents, in compatibility form (`Ａ` is `a`); what follows an
 *   apostrophe in an English contraction is left out (`user's` → `user`); words of a–z are stemmed (Porter 2).
 * - Scripts without spaces (Chinese, Japanese, Korean, Thai …) become overlapping bigrams, and single characters beside them.
 * - A number keeps its point (`3.14`, `10.0.0.1`) and loses its thousands separators; `C++` and `C#` are terms; `=VLOOKUP(`,
 *   `com.sun.star` and `snake_case` are their words; an emoji is a term.
 *
 * Documents are cut without dictionary and locale, so a text has the same terms in every version of Node and in every browser. For a query,
 * words that `Intl.Segmenter` finds change how much a term counts, and never which documents are found.
 *
 * @example
 * ```ts
 * import { standardAnalyzer } from '@ms/index'
 * standardAnalyzer().tokens('Connections…') // [{ term: 'connect', start: 0, end: 11 }]
 * ```
 */
export function standardAnalyzer({ stemming = 'english', unspaced = 'words' }: StandardAnalyzerOptions = {}): Analyzer {
  const classOf = characterClasses()
  const stem = stemming === 'english' ? stemEnglish : (word: string) => word
  const termOf = wordCache((word) => {
    const folded = /^[\0-\x7f]*$/.test(word) ? word.toLowerCase().replaceAll(',', '') : foldTerm(word)
    return /^[a-z]+$/.test(folded) ? stem(folded) : folded
  })

  const classAt = (text: string, at: number): CharacterClass => classOf(text.codePointAt(at) ?? 0)
  const width = (text: string, at: number) => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
  const isWord = (found: CharacterClass) => found === CharacterClass.letter || found === CharacterClass.digit

  /** Where the run of one class and its marks ends. */
  const runEnd = (text: string, start: number, belongs: (found: CharacterClass) => boolean): number => {
    let at = start
    while (at < text.length) {
      const found = classAt(text, at)
      if (!belongs(found) && found !== CharacterClass.mark) break
      at += width(text, at)
    }
    return at
  }

  const wordEnd = (text: string, start: number): number => {
    let at = start
    for (;;) {
      let code = text.charCodeAt(at)
      while (isAsciiLetter(code) || isDigit(code)) code = text.charCodeAt(++at)
      if (code > 127) {
        const end = runEnd(text, at, isWord)
        if (end > at) {
          at = end
          continue
        }
      }
      const point = code === 0x2e && isDigit(text.charCodeAt(at - 1)) && isDigit(text.charCodeAt(at + 1))
      const thousands = code === 0x2c && isDigit(text.charCodeAt(at - 1)) && /^,\d{3}(?!\d)/.test(text.slice(at, at + 5))
      if (!point && !thousands) break
      at++
    }
    // The one-letter languages: C++, C#.
    if (at === start + 1 && isAsciiLetter(text.charCodeAt(start))) {
      if (text.startsWith('++', at)) return at + 2
      if (text[at] === '#' && !isWord(classAt(text, at + 1))) return at + 1
    }
    return at
  }

  /** A sign becomes an emoji by the selector after it: ❤️. */
  const startClass = (text: string, at: number): CharacterClass => {
    const found = classAt(text, at)
    return found === CharacterClass.separator && text[at + 1] === emojiSelector ? CharacterClass.emoji : found
  }

  const cut = (text: string, pushRun: typeof pushUnspaced): Token[] => {
    const out: Token[] = []
    for (let at = 0; at < text.length; ) {
      const code = text.charCodeAt(at)
      const found = code > 127 ? startClass(text, at) : asciiClass(code)
      if (isWord(found)) {
        const end = wordEnd(text, at)
        const afterApostrophe = at > 1 && isApostrophe(text.charCodeAt(at - 1)) && out.at(-1)?.end === at - 1
        if (!afterApostrophe || !contractions.has(text.slice(at, end).toLowerCase())) {
          const term = termOf(text, at, Math.min(end, at + longestTerm))
          if (term !== '') out.push({ term, start: at, end })
        }
        at = end
      } else if (found === CharacterClass.unspaced) {
        const end = runEnd(text, at, (next) => next === CharacterClass.unspaced)
        pushRun(text, at, end, out)
        at = end
      } else if (found === CharacterClass.emoji) {
        const end = emojiEnd(text, at, classAt)
        out.push({ term: text.slice(at, end).replace(/\ufe0f/g, ''), start: at, end })
        at = end
      } else at += code >= 0xd800 && code <= 0xdbff ? width(text, at) : 1
    }
    return out
  }
  const pushQuery = unspaced === 'words' ? unspacedQuery() : pushBigrams
  return {
    name: `standard-2-${stemming}`,
    tokens: (text) => cut(text, pushUnspaced),
    queryTokens: (query) => cut(query, pushQuery),
  }
}

/** The end of one emoji: its modifiers, what joiners glue to it, and the second letter of a flag. */
function emojiEnd(text: string, start: number, classAt: (text: string, at: number) => CharacterClass): number {
  const whole =
    /^(?:\p{Regional_Indicator}{2}|\p{Extended_Pictographic}[\p{M}\p{Emoji_Modifier}\u{e0020}-\u{e007f}]*(?:\u200d\p{Extended_Pictographic}[\p{M}\p{Emoji_Modifier}]*)*)/u.exec(
      text.slice(start, start + 64),
    )
  if (whole) return start + whole[0].length
  const end = start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1)
  return end < text.length && classAt(text, end) === CharacterClass.mark ? end + 1 : end
}
