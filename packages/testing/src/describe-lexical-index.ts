import { type Hit, type LexicalDocument, type LexicalIndex, seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { expectError } from './expect-error.js'
import { unusualIds } from './unusual-ids.js'

export interface DescribeLexicalIndexOptions {
  /** A new, empty index, with an analyser that cuts English words in lower case. */
  create: () => LexicalIndex | Promise<LexicalIndex>
}

/**
 * Proves that an index keeps the contract of `LexicalIndex`: call it in a vitest file.
 *
 * @example
 * ```ts
 * import { bm25Index } from '@ms/index'
 * import { describeLexicalIndex } from '@ms/testing'
 * describeLexicalIndex('bm25Index', { create: () => bm25Index() })
 * ```
 */
export function describeLexicalIndex(name: string, { create }: DescribeLexicalIndexOptions): void {
  const idsOf = (hits: readonly Hit[]) => hits.map((hit) => hit.id)
  const pages: readonly LexicalDocument[] = [
    { id: 'paper', title: 'Paper size', text: 'Choose the size of the paper and its margins.' },
    { id: 'margin', text: 'A margin is the white space around the text of a page.' },
    { id: 'table', title: 'Tables', text: 'A table holds rows and columns.' },
    { id: 'empty', text: '' },
  ]
  const filled = async (documents: readonly LexicalDocument[] = pages) => {
    const index = await create()
    await index.upsert(documents)
    return index
  }
  const words = 'ant bee cat dog eel fox gnu hen ibis jay'.split(' ')
  /** Few words, so that there are many equal scores. */
  const generated = (seed: number, count: number): LexicalDocument[] => {
    const random = seededRandom(seed)
    return Array.from({ length: count }, (_, i) => ({
      id: `d${(i * 7919) % 10007}`,
      text: Array.from({ length: 1 + random.integer(6) }, () => words[Math.floor(words.length * random.uniform() ** 2)]).join(' '),
    }))
  }

  describe(`${name} is a LexicalIndex`, () => {
    it('finds documents by the words of text and title, best first', async () => {
      const index = await filled()
      expect(index.size).toBe(4)
      expect(idsOf(await index.search('table', { k: 10 }))).toEqual(['table'])
      const hits = await index.search('paper text', { k: 10 })
      expect(new Set(idsOf(hits))).toEqual(new Set(['paper', 'margin']))
      expect(hits[0].score).toBeGreaterThanOrEqual(hits[1].score)
      for (const { score } of hits) expect(score).toBeGreaterThan(0)
    })

    it('finds nothing for an empty query, unknown words, or in an empty index', async () => {
      const index = await filled()
      for (const query of ['', '   ', '\0', '?!', 'zebra', '\ud800']) expect(await index.search(query, { k: 10 })).toEqual([])
      const empty = await create()
      expect([empty.size, await empty.search('table', { k: 10 }), await empty.remove(['table'])]).toEqual([0, [], 0])
      await empty.upsert([])
    })

    it('gives a rarer word more weight, and a shorter document', async () => {
      const index = await filled([
        { id: 'common', text: 'cat dog' },
        { id: 'rare', text: 'cat gnu' },
        { id: 'more', text: 'dog dog' },
        { id: 'long', text: 'fox cat cat fox eel eel eel eel hen hen jay' },
        { id: 'short', text: 'fox cat' },
      ])
      expect(idsOf(await index.search('dog gnu', { k: 1 }))).toEqual(['rare'])
      expect(idsOf((await index.search('fox', { k: 5 })).slice(0, 2))).toEqual(['short', 'long'])
    })

    it('ranks the same whatever k, and keeps equal scores in the order of ids', async () => {
      const index = await filled(generated(1, 1500))
      for (const query of ['ant', 'jay', 'ant bee', 'jay ant bee cat', 'ibis jay hen ant ant', words.join(' ')]) {
        const all = await index.search(query, { k: 100_000 })
        expect(new Set(idsOf(all)).size).toBe(all.length)
        all.slice(1).forEach((hit, i) => {
          expect(hit.score < all[i].score || (hit.score === all[i].score && hit.id > all[i].id)).toBe(true)
        })
        for (const k of [1, 2, 10, 100]) expect(await index.search(query, { k })).toEqual(all.slice(0, k))
      }
    })

    it('finds only what is allowed, whether few or many are', async () => {
      const documents = generated(2, 1500)
      const index = await filled(documents)
      for (const query of ['ant', 'jay ant bee']) {
        const all = await index.search(query, { k: 100_000 })
        for (const keep of [() => false, (i: number) => i === 9, (i: number) => i % 40 === 0, (i: number) => i % 3 !== 0, () => true]) {
          const allow = new Set(['none', ...documents.filter((_, i) => keep(i)).map((document) => document.id)])
          expect(await index.search(query, { k: 10, allow })).toEqual(all.filter((hit) => allow.has(hit.id)).slice(0, 10))
        }
      }
    })

    it('is after additions, changes and removals what a new index of the same documents is', async () => {
      const random = seededRandom(3)
      const now = new Map<string, LexicalDocument>()
      const index = await create()
      const pool = generated(4, 4000)
      for (let round = 0; round < 40; round++) {
        const batch = Array.from({ length: 1 + random.integer(150) }, () => {
          const { id } = pool[random.integer(600)]
          return { id, text: pool[random.integer(pool.length)].text, ...(random.uniform() < 0.3 ? { title: 'Fox' } : {}) }
        })
        await index.upsert(batch)
        for (const document of batch) now.set(document.id, document)
        const gone = Array.from({ length: random.integer(120) }, () => pool[random.integer(600)].id)
        const there = new Set(gone.filter((id) => now.has(id))).size
        expect(await index.remove(gone)).toBe(there)
        for (const id of gone) now.delete(id)
        expect(index.size).toBe(now.size)
        if (round % 4 === 0) await index.search('ant', { k: 1 })
        if (round % 10 !== 9) continue
        const again = await filled([...now.values()])
        for (const query of ['ant', 'jay', 'fox jay', 'hen ant bee']) {
          const [changed, rebuilt] = [await index.search(query, { k: 30 }), await again.search(query, { k: 30 })]
          expect(changed.length).toBe(rebuilt.length)
          const scores = new Map((await again.search(query, { k: 100_000 })).map((hit) => [hit.id, hit.score]))
          changed.forEach((hit, i) => {
            expect(hit.score).toBeCloseTo(rebuilt[i].score, 10)
            expect(hit.score).toBeCloseTo(scores.get(hit.id) ?? Number.NaN, 10)
          })
        }
      }
    })

    it('replaces a document that is there, and keeps the last of an id given twice', async () => {
      const index = await filled()
      await index.upsert([
        { id: 'paper', text: 'scissors' },
        { id: 'table', text: 'stone' },
        { id: 'paper', text: 'glue' },
      ])
      expect(index.size).toBe(4)
      expect(await index.search('scissors columns', { k: 10 })).toEqual([])
      expect(idsOf(await index.search('glue stone', { k: 10 })).sort()).toEqual(['paper', 'table'])
    })

    it('takes unusual ids and words as they are', async () => {
      const index = await filled(unusualIds.map((id, i) => ({ id, text: i % 2 ? 'constructor fox' : 'prototype fox' })))
      expect(new Set(idsOf(await index.search('fox', { k: 100 })))).toEqual(new Set(unusualIds))
      expect(await index.search('valueOf __proto__ toString', { k: 10 })).toEqual([])
      expect((await index.search('constructor', { k: 100 })).length).toBe(unusualIds.length >> 1)
      expect(idsOf(await index.search('fox', { k: 100, allow: new Set(['__proto__']) }))).toEqual(['__proto__'])
      expect(await index.remove(['toString', '__proto__'])).toBe(1)
    })

    it('cuts with its analyser, whose tokens stand where they say', () => {
      return filled().then((index) => {
        expect(index.analyzer.name).not.toBe('')
        for (const text of ['The white space', 'a\u0301b C++ 文本框 🎉 x', '\ud800 lone', '']) {
          let last = 0
          for (const { term, start, end } of index.analyzer.tokens(text)) {
            expect(term).not.toBe('')
            expect(start).toBeGreaterThanOrEqual(last)
            expect(end).toBeGreaterThan(start)
            expect(end).toBeLessThanOrEqual(text.length)
            last = start
          }
        }
      })
    })

    const wrong: Record<string, (index: LexicalIndex) => Promise<unknown>> = {
      'an empty id': (index) =>
        index.upsert([
          { id: 'x', text: 'table' },
          { id: '', text: 'table' },
        ]),
      'an id that is a number': (index) => index.upsert(JSON.parse('[{"id":"x","text":"table"},{"id":7,"text":"table"}]')),
      'a document without text': (index) => index.upsert(JSON.parse('[{"id":"x","text":"table"},{"id":"y"}]')),
      'a text that is null': (index) => index.upsert(JSON.parse('[{"id":"paper","text":"table"},{"id":"y","text":null}]')),
      'a title that is a number': (index) => index.upsert(JSON.parse('[{"id":"x","text":"table","title":3}]')),
      'k of 0': (index) => index.search('table', { k: 0 }),
      'k below 0': (index) => index.search('table', { k: -3 }),
      'a k that is no whole number': (index) => index.search('table', { k: 2.5 }),
      'k of NaN': (index) => index.search('table', { k: Number.NaN }),
      'k of a billion': (index) => index.search('table', { k: 1e9 }),
    }
    for (const [what, act] of Object.entries(wrong)) {
      it(`refuses ${what} and is as before`, async () => {
        const index = await filled()
        await expectError(act(index))
        expect(index.size).toBe(4)
        expect(idsOf(await index.search('table', { k: 10 }))).toEqual(['table'])
        expect(idsOf(await index.search('paper', { k: 10 }))).toEqual(['paper'])
      })
    }

    it('stops when it is told to', async () => {
      const reason = new Error('enough')
      await expect((await filled()).search('table', { k: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    })
  })
}
