import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { standardAnalyzer } from './standard-analyzer.js'

const analyzer = standardAnalyzer()
const once = (text: string) => analyzer.tokens(text).filter(({ overlap }) => !overlap)
const terms = (text: string) =>
  once(text)
    .map((token) => token.term)
    .join(' ')

const cases: Record<string, [text: string, terms: string]> = {
  'words in lower case, stemmed': ['Printing CONNECTIONS, generally', 'print connect general'],
  'no accents': ['Café naïve Straße ŁÓDŹ', 'cafe naiv strass lodz'],
  'accents however they are written': ['cafe\u0301 éàü', 'cafe eau'],
  'compatibility forms': ['Ｃａｆé ﬁnd ½ Ⅳ ²', 'cafe find 1/2 iv 2'],
  'Turkish and Greek letters': ['İstanbul ΟΔΟΣ οδός', 'istanbul οδοσ οδοσ'],
  'other alphabets as they are': ['мой Ёлка हिन्दी', 'мой ёлка हिन्दी'],
  'no points and vowel signs that may be left out': ['שָׁלוֹם العَرَبِيَّة', 'שלום العربية'],
  'no contractions and possessives': ["user's don't I'll users’ l'avion O'Reilly", 'user don i user l avion o reilli'],
  'formulas and identifiers': ['=VLOOKUP(A1:B5;0) com.sun.star snake_case x86_64', 'vlookup a1 b5 0 com sun star snake case x86 64'],
  'numbers with their point, without thousands separators': [
    '3.14 10.0.0.1 1,234,567.89 (1,2,3) v1.2. 5, 1,2345',
    '3.14 10.0.0.1 1234567.89 1 2 3 v1.2 5 1 2345',
  ],
  'C++ and C#': ['C++, C# and F#; Notepad++ a+b i# #x', 'c++ c# and f# notepad a b i# x'],
  'Chinese bigrams': ['文本框和Calc函数2020年', '文本 本框 框和 calc 函数 2020 年'],
  'Japanese, half-width too': ['コンピュータ ｶﾞｷﾞｸﾞ 々', 'コン ンピ ピュ ュー ータ ガギ ギグ 々'],
  'Korean, composed or not': ['한국어 \u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165', '한국 국어 한국 국어'],
  'rare characters of two units': ['𠮷野家', '𠮷野 野家'],
  Thai: ['ภาษา', 'ภา าษ ษา'],
  'emoji, one by one': ['🎉🎉 👨‍👩‍👧 🇩🇪🇫🇷 ❤️ 👍🏽x', '🎉 🎉 👨‍👩‍👧 🇩🇪 🇫🇷 ❤ 👍🏽 x'],
  'nothing where there is nothing': [' \t\n.,;:!?()[]{}<>/\\|@$%^&*~`"\'+-=_—…“”、。！？ \u200b\u200d\ufe0f\u0301', ''],
  'halves of pairs': ['\ud800 x\ud83d y\udc00', 'x y'],
  'invisible characters': ['soft\u00adware co\u200dop a\u200bb', 'softwar coop a b'],
}

describe('standardAnalyzer', () => {
  for (const [what, [text, expected]] of Object.entries(cases)) {
    it(`gives ${what}`, () => expect(terms(text)).toBe(expected))
  }

  it('says where a term stands', () => {
    const text = "The user's 文本框, ＡＢＣ ｶﾞｷ 1,000 C++"
    expect(once(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'The',
      'user',
      '文本',
      '本框',
      'ＡＢＣ',
      'ｶﾞｷ',
      '1,000',
      'C++',
    ])
  })

  it('finds a document by every single character of a run, and makes it no longer for that', () => {
    const overlaps = (text: string) =>
      analyzer
        .tokens(text)
        .filter(({ overlap }) => overlap)
        .map(({ term, start, end }) => [term, text.slice(start, end)])
    expect(overlaps('文本框 ｶﾞｷ 한국 年')).toEqual([
      ['文', '文'],
      ['本', '本'],
      ['框', '框'],
      ['ガ', 'ｶﾞ'],
      ['キ', 'ｷ'],
      ['한', '한'],
      ['국', '국'],
    ])
  })

  it('leaves words as they are where it is told so, and is named for it', () => {
    const plain = standardAnalyzer({ stemming: 'none' })
    expect(plain.tokens('Printing').map((token) => token.term)).toEqual(['printing'])
    expect(plain.name).not.toBe(analyzer.name)
  })

  it('gives a text the same terms whatever it has seen before', () => {
    const random = seededRandom(1)
    const pieces = [
      'a',
      'B',
      'ing',
      '文',
      'ガ',
      'é',
      ' ',
      ' ',
      '.',
      ',',
      "'",
      '1',
      '23',
      '+',
      '#',
      '\u0301',
      '\u200d',
      '🎉',
      '\ud800',
      '\ufe0f',
      'ﬁ',
      's',
      '한',
      'ก',
      '\u0e33',
    ]
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: 1 + random.integer(14) }, () => pieces[random.integer(pieces.length)]).join('')
      const seen = analyzer.tokens(text)
      expect(seen, JSON.stringify(text)).toEqual(standardAnalyzer().tokens(text))
      // A term found at its place is found again when it stands alone, so a snippet marks what matched.
      const alone = seen.map(({ start, end }) => once(text.slice(start, end)).map((token) => token.term))
      expect(alone, JSON.stringify(text)).toEqual(seen.map(({ term }) => [term]))
      expect(alone).not.toContainEqual([''])
    }
  })

  it('outlives more different words than it remembers, and a word without end', () => {
    const fresh = standardAnalyzer()
    const text = Array.from({ length: 200_000 }, (_, i) => `w${i.toString(36)}x`).join(' ')
    expect(fresh.tokens(text).every(({ term, start, end }) => term === text.slice(start, end))).toBe(true)
    const [token, ...rest] = fresh.tokens('x'.repeat(1_000_000))
    expect([token.end, token.term.length, rest.length]).toEqual([1_000_000, 128, 0])
  })
})
