import { seededRandom } from '@ms/core'
import { describe, expect, it, vi } from 'vitest'
import { exactVectorIndex } from './exact-vector-index.js'

const random = seededRandom(1)

describe('exactVectorIndex', () => {
  it('works where WebAssembly is forbidden', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    try {
      const index = exactVectorIndex({ dim: 3, metric: 'cosine' })
      await index.upsert(['east', 'north'], { data: Float32Array.of(2, 0, 0, 0, 3, 0), count: 2, dim: 3 })
      const [hits] = await index.search({ data: Float32Array.of(0, 1, 0), count: 1, dim: 3 }, { k: 2 })
      expect(hits).toEqual([
        { id: 'north', score: 1 },
        { id: 'east', score: 0 },
      ])
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('lets others have their turn in a long search, notices an abort, and starts anew when rows move', async () => {
    const [dim, count, asked] = [64, 20_000, 4000]
    const index = exactVectorIndex({ dim, metric: 'dot' })
    const data = Float32Array.from({ length: count * dim }, random.normal)
    await index.upsert(
      Array.from({ length: count }, (_, i) => `d${i}`),
      { data, count, dim },
    )
    const queries = { data: data.slice(0, asked * dim), count: asked, dim }
    const aborted = new AbortController()
    const search = index.search(queries, { k: 1, signal: aborted.signal })
    setTimeout(() => aborted.abort(), 1)
    await expect(search).rejects.toMatchObject({ name: 'AbortError' })

    const moving = index.search(queries, { k: 1 })
    await new Promise((resolve) => setTimeout(resolve, 60))
    await index.remove(['d0'])
    const found = await moving
    expect(found.length).toBe(asked)
    expect(found).toEqual(await index.search(queries, { k: 1 }))
  })

  it('refuses a dim or a metric that there is not', () => {
    for (const dim of [0, -1, 1.5, Number.NaN, 1e9]) {
      expect(() => exactVectorIndex({ dim })).toThrow(expect.objectContaining({ code: 'index.option' }))
    }
    expect(() => exactVectorIndex(JSON.parse('{"dim":3,"metric":"manhattan"}'))).toThrow(expect.objectContaining({ code: 'index.option' }))
  })
})
