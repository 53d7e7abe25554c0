import type { Document, Embedder, ImageSource } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { embedPicturesAndWords, nearestRunsByWords, withWords } from './pictures-and-words.js'
import { embedQueries, nearestRun } from './retrieve.js'

/** Two dimensions: what is round, and what is red. */
const of = (name: string) => [/round|ball/.test(name) ? 1 : 0, /red/.test(name) ? 1 : 0]
const embedder = <Item>(nameOf: (item: Item) => string, told: string[]): Embedder<Item> => ({
  dim: 2,
  space: 'round-red',
  embed: async (items) => {
    told.push(...items.map(nameOf))
    return { data: Float32Array.from(items.flatMap((item) => of(nameOf(item)))), count: items.length, dim: 2 }
  },
})
const model = (told: { text: string[]; image: string[] } = { text: [], image: [] }) => ({
  text: embedder<string>((text) => text, told.text),
  image: embedder<ImageSource>(String, told.image),
})
const corpus: Document[] = [
  { id: 'both', image: 'ball.png', title: 'Something', text: 'red' },
  { id: 'picture', image: 'round.png' },
  { id: 'blank', image: 'red.png', text: ' ' },
  { id: 'words', text: 'red' },
]

describe('embedPicturesAndWords', () => {
  it('mixes the two where a document has both, and leaves all others as they are', async () => {
    const told = { text: [] as string[], image: [] as string[] }
    const both = await embedPicturesAndWords(model(told), { corpus, location: '/data' })
    expect(told).toEqual({ image: ['/data/ball.png', '/data/round.png', '/data/red.png'], text: ['red', 'Something red'] })
    expect(both.words?.rows).toEqual([0])
    expect([...withWords(both, 0).vectors.data]).toEqual([1, 0, 1, 0, 0, 1, 0, 1])
    expect([...withWords(both, 0.25).vectors.data]).toEqual([0.75, 0.25, 1, 0, 0, 1, 0, 1])
    expect([...withWords(both, 1).vectors.data]).toEqual([0, 1, 1, 0, 0, 1, 0, 1])
    expect([...both.vectors.data.slice(0, 2)]).toEqual([1, 0])
  })
  it('scores a document by the same mean of what its picture and its words score', async () => {
    const queries = new Map([['q', { id: 'q', text: 'red ball' }]])
    const asked = await embedQueries(model(), { queries, qrels: new Map([['q', new Map([['both', 1]])]]) })
    const both = await embedPicturesAndWords(model(), { corpus: [{ id: 'a', image: 'ball.png', text: 'red ball' }] })
    const score = (share: number) => nearestRun(asked, withWords(both, share)).get('q')?.[0].score
    expect([0, 0.5, 1].map(score)).toEqual([1, 1.5, 2])
  })
  it('has nothing to mix for a model of one kind, and counts all that it embeds', async () => {
    const { text, image } = model()
    for (const one of [text, { text }, { image }]) {
      expect((await embedPicturesAndWords(one, { corpus: corpus.slice(0, 1) })).words).toBeUndefined()
    }
    const totals = new Set<number>()
    const counting: Embedder<string> = {
      ...text,
      embed: (items, options) => {
        options?.onProgress?.({ done: items.length, total: items.length, unit: 'items' })
        return text.embed(items)
      },
    }
    await embedPicturesAndWords({ text: counting, image }, { corpus }, { onProgress: ({ total = 0 }) => totals.add(total) })
    expect([...totals]).toEqual([5])
  })
  it('refuses a share that is none', async () => {
    const both = await embedPicturesAndWords(model(), { corpus })
    for (const share of [-0.1, 1.1, Number.NaN])
      expect(() => withWords(both, share)).toThrow(expect.objectContaining({ code: 'search.words' }))
  })
})

describe('nearestRunsByWords', () => {
  it('finds for each share what a search of the mixed vectors finds', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const queries = new Map(ids.map((id, i) => [id, { id, text: ['red', 'ball', 'red ball', 'round', 'nothing'][i] }]))
    const asked = await embedQueries(model(), { queries, qrels: new Map(ids.map((id) => [id, new Map()])) })
    const both = await embedPicturesAndWords(model(), { corpus })
    const shares = [0, 0.3, 1]
    const runs = nearestRunsByWords(asked, both, shares, 3)
    for (const [i, share] of shares.entries()) {
      const wanted = nearestRun(asked, withWords(both, share), 3)
      for (const id of ids) {
        expect(runs[i].get(id)?.map((hit) => hit.id)).toEqual(wanted.get(id)?.map((hit) => hit.id))
        for (const [rank, { score }] of wanted.get(id)!.entries()) expect(runs[i].get(id)?.[rank].score).toBeCloseTo(score, 6)
      }
    }
    expect(nearestRunsByWords(asked, { ids: both.ids, vectors: both.vectors }, [0.5], 3)[0]).toEqual(nearestRun(asked, both, 3))
    expect(() => nearestRunsByWords(asked, both, [2], 3)).toThrow(expect.objectContaining({ code: 'search.words' }))
  })
})
