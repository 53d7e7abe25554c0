import { type Embedder, type ImageSource, type Progress, vectors } from '@ms/core'
import type { Encoder, Engine } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbedder } from './embedder.js'
import { tinyEncoder } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'
import { createModelEmbedders } from './model-embedders.js'
import type { SentenceEncoder } from './sentence-encoder.js'
import { vectorCache, withCache } from './vector-cache.js'

let engine: Engine
let bert: SentenceEncoder
let table: SentenceEncoder
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
  bert = await loadEncoder(tinyEncoder('mean, normalised').files)
  table = await loadEncoder(tinyEncoder('static, normalised').files)
})
afterAll(() => engine?.dispose())

/** The same encoder, and what it is asked for. */
function counting<E extends Encoder<string>>(encoder: E): { encoder: E; prepared: string[] } {
  const prepared: string[] = []
  const prepare: E['processor']['prepare'] = (items, role) => {
    prepared.push(...items)
    return encoder.processor.prepare(items, role)
  }
  return { encoder: { ...encoder, processor: { ...encoder.processor, prepare } }, prepared }
}

describe('createEmbedder with a cache', () => {
  it('computes what is new and gives the same vectors in the same order', async () => {
    const { encoder, prepared } = counting(bert)
    const plain = await createEmbedder(bert, { engine, normalize: true })
    const cached = await createEmbedder(encoder, { engine, normalize: true, cache: vectorCache() })
    await cached.embed(['the end', 'hello'])
    expect(prepared).toEqual(['the end', 'hello'])
    const items = ['search', 'hello', 'a b c', 'search', 'the end']
    const [found, wanted] = [await cached.embed(items), await plain.embed(items)]
    expect(prepared).toEqual(['the end', 'hello', 'search', 'a b c'])
    expect([found.count, found.dim]).toEqual([5, bert.dim])
    for (let i = 0; i < wanted.data.length; i++) expect(found.data[i]).toBeCloseTo(wanted.data[i], 5)
    await plain.dispose()
    await cached.dispose()
  })

  it('gives back bytes that are not its own', async () => {
    const embedder = await createEmbedder(table, { cache: vectorCache() })
    const first = await embedder.embed(['hello'])
    const kept = first.data.slice()
    first.data.fill(7)
    const second = await embedder.embed(['hello'])
    expect(second.data).toEqual(kept)
    second.data.fill(8)
    expect((await embedder.embed(['hello'])).data).toEqual(kept)
  })

  it('keeps roles and spaces apart, and shares what is of one space', async () => {
    const cache = vectorCache()
    const one = counting(table)
    const queries = await createEmbedder(one.encoder, { cache })
    await queries.embed(['hello'], { role: 'query' })
    await queries.embed(['hello'])
    expect(one.prepared).toEqual(['hello', 'hello'])
    const other = counting(table)
    const same = await createEmbedder(other.encoder, { cache })
    const narrow = await createEmbedder(other.encoder, { cache, truncateDim: 2 })
    expect((await same.embed(['hello'])).dim).toBe(table.dim)
    expect(other.prepared).toEqual([])
    expect((await narrow.embed(['hello'])).dim).toBe(2)
    expect(other.prepared).toEqual(['hello'])
  })

  it('shares one of two encoders between models whose other one differs', async () => {
    const cache = vectorCache()
    const seen: string[] = []
    const asPictures: Encoder<ImageSource> = {
      ...table,
      processor: {
        collate: table.processor.collate as Encoder<ImageSource>['processor']['collate'],
        prepare: (items, role) => {
          seen.push(...items.map(String))
          return table.processor.prepare(items.map(String), role)
        },
      },
    }
    const doubled = new Map([...table.parameters].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => 2 * value) }]))
    const before = await createModelEmbedders({ text: table, image: asPictures }, { cache })
    const after = await createModelEmbedders({ text: table.withParameters(doubled), image: asPictures }, { cache })
    expect(after.space).not.toBe(before.space)
    await before.image?.embed(['end'])
    await after.image?.embed(['end', 'text'])
    expect(seen).toEqual(['end', 'text'])
  })

  it('counts what it knew as done', async () => {
    const embedder = await createEmbedder(table, { cache: vectorCache() })
    await embedder.embed(['a', 'text'])
    const told: Progress[] = []
    const onProgress = (progress: Progress) => void told.push(progress)
    await embedder.embed(['a', 'end', 'text'], { onProgress })
    expect(told).toEqual([{ done: 3, total: 3, unit: 'items' }])
    await embedder.embed(['a', 'text'], { onProgress })
    expect(told.at(-1)).toEqual({ done: 2, total: 2, unit: 'items' })
    expect(told).toHaveLength(2)
  })

  it('answers nothing more after it was disposed of, nor when it was stopped', async () => {
    const embedder = await createEmbedder(table, { cache: vectorCache() })
    await embedder.embed(['a'])
    await expect(embedder.embed(['a'], { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
    await embedder.dispose()
    await expect(embedder.embed(['a'])).rejects.toMatchObject({ code: 'embed.disposed' })
  })
})

describe('vectorCache', () => {
  const vector = (value: number) => new Float32Array(100).fill(value)

  it('lets go what was not asked for the longest, and other spaces before its own', () => {
    // An entry takes 400 bytes of numbers, two of its letter and 200 besides.
    const cache = vectorCache({ maxBytes: 3 * 602 })
    cache.set('one', 'document', 'a', vector(1))
    for (const [i, item] of ['b', 'c'].entries()) cache.set('two', 'document', item, vector(i))
    cache.get('two', 'document', 'b')
    cache.set('two', 'document', 'd', vector(4))
    expect(cache.get('one', 'document', 'a')).toBeUndefined()
    cache.set('two', 'document', 'e', vector(5))
    expect(['b', 'c', 'd', 'e'].filter((item) => cache.get('two', 'document', item))).toEqual(['b', 'd', 'e'])
  })

  it('stays within its bytes when an item comes anew, and keeps nothing that is larger than all of it', () => {
    const cache = vectorCache({ maxBytes: 2 * 602 })
    for (let i = 0; i < 10; i++) cache.set('one', 'query', 'a', vector(i))
    cache.set('one', 'query', 'b', vector(10))
    expect(cache.get('one', 'query', 'a')?.[0]).toBe(9)
    expect(cache.get('one', 'query', 'b')?.[0]).toBe(10)
    cache.set('one', 'query', 'large', new Float32Array(1000))
    expect(cache.get('one', 'query', 'large')).toBeUndefined()
  })

  it('refuses a size that is none', () => {
    for (const maxBytes of [0, -1, Number.NaN]) {
      expect(() => vectorCache({ maxBytes })).toThrow(expect.objectContaining({ code: 'embed.option' }))
    }
  })

  it('does not know bytes', async () => {
    let calls = 0
    const embedder: Embedder<ImageSource> = {
      dim: 1,
      space: 'one',
      embed: (items) => {
        calls += items.length
        return Promise.resolve(vectors(new Float32Array(items.length), items.length, 1))
      },
    }
    const cached = withCache<ImageSource, Embedder<ImageSource>>(embedder, vectorCache())
    const bytes = new Uint8Array([1, 2, 3])
    await cached.embed([bytes, 'a.png'])
    await cached.embed([bytes, 'a.png'])
    expect(calls).toBe(3)
  })
})
