// Texts that ours and peers work on: a JSON list in .cache/bench, the same for both.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '@ms/core'

/** Texts of exactly so many tokens for a WordPiece model, its two special ones included: words that are one token each. */
export function uniformTexts(model, tokens, count) {
  const { vocab } = JSON.parse(readFileSync(join(model, 'tokenizer.json'), 'utf8')).model
  const words = Object.keys(vocab).filter((word) => /^[a-z]{3,}$/.test(word))
  const random = seededRandom(tokens)
  return Array.from({ length: count }, () => Array.from({ length: tokens - 2 }, () => words[random.integer(words.length)]).join(' '))
}

/** Pages and queries of a collection in a seeded order: texts of very unlike length. */
export function mixedTexts(data, count) {
  const lines = (name) => readFileSync(join(data, name), 'utf8').trim().split('\n').map(JSON.parse)
  const texts = [
    ...lines('corpus.jsonl').map(({ title = '', text = '' }) => `${title} ${text}`.trim()),
    ...lines('queries.jsonl').map(({ text }) => text),
  ]
  return seededRandom(5).shuffle(texts).slice(0, count)
}

/** Puts texts where a peer can read them. @returns the path */
export function keepTexts(folder, name, texts) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.json`)
  writeFileSync(path, JSON.stringify(texts))
  return path
}
