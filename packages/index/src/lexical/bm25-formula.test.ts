import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { standardAnalyzer } from '../analysis/standard-analyzer.js'
import { bm25Index } from './bm25-index.js'

const words = Array.from({ length: 300 }, (_, i) => `w${i}`)

/** The formula, document by document. */
function scores(documents: readonly { id: string; text: string }[], query: string, k1: number, b: number): Map<string, number> {
  const cut = documents.map(({ text }) => text.split(' '))
  const mean = cut.reduce((sum, tokens) => sum + tokens.length, 0) / cut.length
  const sums = new Map<string, number>()
  for (const term of query.split(' ')) {
    const n = cut.filter((tokens) => tokens.includes(term)).length
    cut.forEach((tokens, i) => {
      const tf = tokens.filter((token) => token === term).length
      if (tf === 0) return
      const score = (Math.log(1 + (cut.length - n + 0.5) / (n + 0.5)) * tf) / (tf + k1 * (1 - b + (b * tokens.length) / mean))
      sums.set(documents[i].id, (sums.get(documents[i].id) ?? 0) + score)
    })
  }
  return sums
}

describe('bm25Index', () => {
  const random = seededRandom(7)
  // Skewed, so that there are words in nearly all documents and words in one: the bounds have something to spare.
  const draw = () => words[Math.floor(words.length * random.uniform() ** 4)]
  const documents = Array.from({ length: 2000 }, (_, i) => ({
    id: `d${i}`,
    text: Array.from({ length: 1 + random.integer(30) }, draw).join(' '),
  }))
  const queries = Array.from({ length: 60 }, () => Array.from({ length: 1 + random.integer(6) }, draw).join(' '))

  for (const [k1, b] of [
    [1.2, 0.75],
    [0, 0.75],
    [2, 0],
    [0.9, 1],
  ]) {
    it(`gives the scores of the formula, k1 ${k1}, b ${b}`, async () => {
      const index = bm25Index({ k1, b, analyzer: standardAnalyzer({ stemming: 'none' }) })
      for (let i = 0; i < documents.length; i += 700) await index.upsert(documents.slice(i, i + 700))
      for (const query of queries) {
        const truth = scores(documents, query, k1, b)
        const best = [...truth.values()].sort((x, y) => y - x)
        const hits = await index.search(query, { k: 10 })
        expect(hits.length).toBe(Math.min(10, truth.size))
        hits.forEach(({ id, score }, i) => {
          expect(score).toBeCloseTo(truth.get(id) ?? Number.NaN, 9)
          expect(score).toBeCloseTo(best[i], 9)
        })
      }
    })
  }

  it('counts a title as often as it is told', async () => {
    const find = async (titleBoost: number) => {
      const index = bm25Index({ titleBoost })
      await index.upsert([
        { id: 'title', title: 'paper', text: 'many words of another kind stand here' },
        { id: 'text', text: 'paper paper of some kind' },
      ])
      return (await index.search('paper', { k: 2 })).map((hit) => hit.id)
    }
    expect(await find(1)).toEqual(['text', 'title'])
    expect(await find(8)).toEqual(['title', 'text'])
  })

  it('outlives more occurrences than it can count', async () => {
    const index = bm25Index()
    await index.upsert([
      { id: 'many', text: 'fox '.repeat(70_000) },
      { id: 'one', text: 'fox' },
    ])
    expect((await index.search('fox', { k: 2 })).every(({ score }) => Number.isFinite(score) && score > 0)).toBe(true)
  })

  it('refuses options out of range', () => {
    for (const options of [{ k1: -1 }, { k1: Number.NaN }, { b: 1.1 }, { titleBoost: 0 }, { titleBoost: 1.5 }]) {
      expect(() => bm25Index(options)).toThrow(expect.objectContaining({ code: 'index.option' }))
    }
  })
})
