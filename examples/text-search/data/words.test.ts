import { beforeAll, describe, expect, it } from 'vitest'
import type { Task } from './task.js'
import { type Meaning, readMeanings, wordsTask } from './words.js'

describe('the words', () => {
  let meanings: Meaning[]
  let task: Task
  beforeAll(async () => {
    meanings = await readMeanings()
    task = await wordsTask()
  })

  it('reads a meaning as it was written', () => {
    expect(meanings.find((meaning) => meaning.words.includes('poet'))).toEqual({
      id: 'n10463768',
      gloss: 'a writer of poems (the term is usually reserved for writers of good poetry)',
      words: ['poet'],
    })
  })

  it('leaves no example of use, underscore or adjective marker', () => {
    for (const { id, gloss, words } of meanings) {
      expect(gloss, id).toMatch(/^[^\s;"].*[^\s;]$|^[^\s;"]$/)
      expect(words.length).toBe(new Set(words).size)
      for (const word of words) expect(word, id).toMatch(/^[^\s_()A-Z]+( [^\s_()A-Z]+)*$/)
    }
  })

  it('searches 21,360 words, with 20,000 train, 500 dev and 2,000 test definitions', () => {
    expect(task.data.corpus).toHaveLength(21_360)
    expect([...task.data.qrels].map(([split, qrels]) => [split, qrels.size])).toEqual([
      ['train', 20_000],
      ['dev', 500],
      ['test', 2_000],
    ])
    expect(task.data.queries.size).toBe(22_500)
  })

  it('never asks for a usual word in two splits', () => {
    const usual = new Map(meanings.map((meaning) => [meaning.id, meaning.words[0]]))
    const splitOf = new Map<string, string>()
    for (const [split, qrels] of task.data.qrels) {
      for (const id of qrels.keys()) {
        const word = usual.get(id) ?? ''
        expect(splitOf.get(word) ?? split, word).toBe(split)
        splitOf.set(word, split)
      }
    }
  })

  it('asks for words that are there', () => {
    const ids = new Set(task.data.corpus.map((document) => document.id))
    for (const qrels of task.data.qrels.values()) {
      for (const [query, grades] of qrels) {
        expect(task.data.queries.get(query)?.text).toBeTruthy()
        expect(grades.size).toBeGreaterThan(0)
        for (const id of grades.keys()) expect(ids.has(id), id).toBe(true)
      }
    }
  })

  it('is the same each time', async () => {
    const again = await wordsTask()
    expect([...again.data.qrels]).toEqual([...task.data.qrels])
    expect([...again.data.queries]).toEqual([...task.data.queries])
  })
})
