import type { Document, Embedder } from '@ms/core'
import { bm25Index, exactVectorIndex } from '@ms/index'
import { describe, expect, it } from 'vitest'
import { createSearch } from './create-search.js'

const documents: Document[] = [
  { id: 'print', title: 'Printing', text: 'Print two pages on one sheet of paper.' },
  { id: 'save', title: 'Saving', text: 'Save a document <b>under</b> another name.' },
  { id: 'open', title: 'Opening', text: 'Open a document that was saved.' },
]
const lookup = new Map(documents.map((document) => [document.id, document]))
/** Knows what words mean: the letters of "hardcopy" point to printing. */
const embedder: Embedder<string> = {
  dim: 3,
  space: 'meaning-1',
  embed: async (texts) => {
    const data = new Float32Array(texts.length * 3)
    for (const [i, text] of texts.entries()) {
      const about = [/print|hardcopy/i, /sav/i, /open/i].map((word) => (word.test(text) ? 1 : 0.1))
      const norm = Math.hypot(...about)
      data.set(
        about.map((value) => value / norm),
        i * 3,
      )
    }
    return { data, count: texts.length, dim: 3 }
  },
}

async function both() {
  const lexical = bm25Index()
  await lexical.upsert(documents.map(({ id, title, text }) => ({ id, title, text: text ?? '' })))
  const index = exactVectorIndex({ dim: 3, metric: 'cosine' })
  await index.upsert(
    documents.map(({ id }) => id),
    await embedder.embed(documents.map(({ title, text }) => `${title} ${text}`)),
  )
  return { documents: lookup, lexical, dense: { embedder, index, space: embedder.space } }
}

describe('createSearch', () => {
  it('answers in all modes, with title, snippet and the scores of both legs', async () => {
    const search = createSearch(await both())
    expect(search.modes).toEqual(['hybrid', 'dense', 'lexical'])
    const { results, mode, took } = await search.search('saved document', { k: 2 })
    expect(mode).toBe('hybrid')
    expect(took).toBeGreaterThanOrEqual(0)
    expect(results).toHaveLength(2)
    expect(results[0].scores.dense).toBeGreaterThan(0)
    expect(results[0].scores.lexical).toBeGreaterThan(0)
    expect(results[0].snippet.ranges.length).toBeGreaterThan(0)
    const dense = await search.search('hardcopy', { mode: 'dense' })
    expect(dense.results[0]).toMatchObject({ id: 'print', title: 'Printing' })
    expect((await search.search('hardcopy', { mode: 'lexical' })).results).toEqual([])
    expect((await search.search('hardcopy')).results[0].id).toBe('print')
  })
  it('finds only what is allowed, cuts off by score, and has no answer to nothing', async () => {
    const search = createSearch(await both())
    expect((await search.search('document', { allow: new Set(['open']) })).results.map(({ id }) => id)).toEqual(['open'])
    expect((await search.search('document', { allow: new Set() })).results).toEqual([])
    expect((await search.search('print', { mode: 'dense', minScore: 0.9 })).results.map(({ id }) => id)).toEqual(['print'])
    expect((await search.search(' \n')).results).toEqual([])
    expect((await search.search('print', { k: 1_000_000 })).results.length).toBe(3)
  })
  it('marks titles, and filters by what documents are', async () => {
    const legs = await both()
    const search = createSearch(legs)
    const [first] = (await search.search('printed', { mode: 'lexical' })).results
    expect(first).toMatchObject({ title: 'Printing', titleRanges: [{ start: 0, end: 8 }] })
    const filter = ({ title = '' }: Document) => title !== 'Opening'
    for (const mode of search.modes) {
      const { results } = await search.search('document', { mode, filter })
      expect(results.map(({ id }) => id)).toContain('save')
      expect(results.map(({ id }) => id)).not.toContain('open')
      expect((await search.search('document', { mode, filter, allow: new Set(['open']) })).results).toEqual([])
    }
    const unlisted = createSearch({ ...legs, documents: { get: (id) => lookup.get(id) } })
    await expect(unlisted.search('document', { filter })).rejects.toMatchObject({ code: 'search.filter' })
  })
  it('works with one leg, and says which modes there are', async () => {
    const { lexical, dense } = await both()
    expect(createSearch({ documents: lookup, lexical }).modes).toEqual(['lexical'])
    expect((await createSearch({ documents: lookup, dense }).search('hardcopy')).results[0].id).toBe('print')
    await expect(createSearch({ documents: lookup, lexical }).search('x', { mode: 'dense' })).rejects.toMatchObject({ code: 'search.mode' })
    expect(() => createSearch({ documents: lookup })).toThrow(expect.objectContaining({ code: 'search.no-index' }))
  })
  it('refuses vectors of another space, a k that is no count, an aborted query, an index out of step', async () => {
    const legs = await both()
    expect(() => createSearch({ ...legs, dense: { ...legs.dense, space: 'meaning-0' } })).toThrow(
      expect.objectContaining({ code: 'search.space' }),
    )
    const search = createSearch(legs)
    const spaced = { ...legs.dense.index, space: 'meaning-0' }
    expect(() => createSearch({ ...legs, dense: { ...legs.dense, index: spaced } })).toThrow(
      expect.objectContaining({ code: 'search.space' }),
    )
    for (const k of [0, -1, 1.5, Number.NaN, 1e9]) await expect(search.search('x', { k })).rejects.toMatchObject({ code: 'search.k' })
    await expect(search.search('x', { signal: AbortSignal.abort() })).rejects.toThrow()
    await expect(createSearch({ ...legs, documents: new Map() }).search('print')).rejects.toMatchObject({ code: 'search.document-missing' })
  })
})
