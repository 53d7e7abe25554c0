import { readFileSync } from 'node:fs'

const WORDS = 5000
const SIMPLIFIED_CHARACTERS = 5500
const TRADITIONAL_CHARACTERS = 1600
const CHINESE_WORDS = 15_000

/** Sum of the counts of all words that zh-words.tsv was cut from. */
const CHINESE_TOTAL = 60_101_964

export const isHan = (character) => /^[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〇]$/u.test(character)

/** What the tokenizer's normaliser makes of a text. */
export const normalizeText = (text) =>
  text
    .replaceAll('™', ' ')
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')

/**
 * The teacher's WordPiece vocabulary without what a normalised text never reaches, without special tokens and Han characters.
 * Words get "▁" in front, the pieces that continue a word lose their "##".
 */
function englishTokens(vocabulary) {
  const tokens = []
  for (const token of vocabulary) {
    if (/^\[(unused\d+|PAD|UNK|CLS|SEP|MASK)\]$/.test(token)) continue
    const continues = token.length > 2 && token.startsWith('##')
    const text = continues ? token.slice(2) : token
    if ([...text].some(isHan) || normalizeText(text) !== text) continue
    tokens.push(continues ? text : `▁${text}`)
  }
  return tokens
}

/** The commonest words of the texts that the teacher's vocabulary has only in pieces, and the spreadsheet functions' names. */
function newWords({ wordnet, mails, documentation, pairs }, known) {
  const counts = new Map()
  const count = (text, by) => {
    for (const [word] of normalizeText(text).matchAll(/[a-z]{3,}/g)) counts.set(word, (counts.get(word) ?? 0) + by)
  }
  for (const texts of [wordnet.definitions, wordnet.examples, mails, ...documentation.map(({ texts }) => texts)])
    for (const text of texts) count(text, 1)
  for (const lemma of wordnet.lemmas) count(lemma, 3)
  for (const { meaning } of pairs) {
    count(meaning, 1)
    const name = meaning.match(/^([A-Z][A-Z0-9]{2,}) function: /)?.[1].toLowerCase()
    if (name) counts.set(name, (counts.get(name) ?? 0) + 50)
  }
  return [...counts]
    .filter(([word]) => !known.has(`▁${word}`))
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, WORDS)
    .map(([word]) => `▁${word}`)
}

/** Characters, then words, each with its count, the commonest first. */
const rankedWords = () =>
  readFileSync(new URL('../data/zh-words.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))

function chineseTokens({ meanings, simplifiedOf }) {
  const ranked = rankedWords()
  const count = new Map(ranked.map(([word, n]) => [word, Number(n)]))
  const usable = ranked.map(([word]) => word).filter((word) => meanings.has(word))
  const characters = usable.filter((word) => word.length === 1).slice(0, SIMPLIFIED_CHARACTERS)
  // A traditional character ranks as its simplified form does.
  const traditional = [...simplifiedOf]
    .filter(([word, short]) => word.length === 1 && isHan(word) && !count.has(word) && count.has(short) && word !== short)
    .sort(([a, x], [b, y]) => count.get(y) - count.get(x) || (a < b ? -1 : 1))
    .slice(0, TRADITIONAL_CHARACTERS)
    .map(([word]) => word)
  const words = usable.filter((word) => word.length > 1).slice(0, CHINESE_WORDS)
  const shares = new Map([...characters, ...words].map((word) => [word, count.get(word) / CHINESE_TOTAL]))
  for (const word of traditional) shares.set(word, count.get(simplifiedOf.get(word)) / CHINESE_TOTAL)
  return { tokens: [...characters, ...traditional, ...words], shares }
}

/**
 * @param texts what `readTexts` gives
 * @param {Record<string, number>} teacherVocabulary token → id, of the teacher's tokenizer.json
 * @returns {{tokens: string[], shares: Map<string, number>}} tokens in the order of their ids, from id 2; shares of the Chinese ones
 */
export function buildVocabulary(texts, teacherVocabulary) {
  const ordered = Object.entries(teacherVocabulary)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token)
  const english = englishTokens(ordered)
  const chinese = chineseTokens(texts.cedict)
  return { tokens: [...english, ...newWords(texts, new Set(english)), ...chinese.tokens], shares: chinese.shares }
}

/** CC-CEDICT's simplified headwords, the ranked ones first. */
export function headwords({ simplified, meanings }) {
  const ranked = rankedWords()
    .map(([word]) => word)
    .filter((word) => simplified.has(word) && meanings.has(word))
  return [...new Set([...ranked, ...simplified])]
}
