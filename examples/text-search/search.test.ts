import { createTerminal, displayWidth, evaluateSystem, keywordRuns } from '@ms/cli'
import { createModelEmbedders, type ModelEmbedders } from '@ms/embed'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Task, tasks } from './data.js'
import { openEncoder } from './encoder.js'
import { ask, keywordSearch, vectorSearch } from './search.js'

let embedder: ModelEmbedders
let news: Task
let words: Task
beforeAll(async () => {
  embedder = await createModelEmbedders(await openEncoder(), { normalize: true })
  news = await tasks.news()
  words = await tasks.words()
})
afterEach(() => vi.restoreAllMocks())

describe('keyword search', () => {
  it.each([
    ['news', 0.51, 0.53],
    ['words', 0.085, 0.105],
  ])('has its known nDCG@10 on %s', async (name, least, most) => {
    const options = { data: name === 'news' ? news.data : words.data, split: 'test' } as const
    const { metrics } = evaluateSystem(await keywordRuns(options), options)
    expect(metrics['ndcg@10']).toBeGreaterThan(least)
    expect(metrics['ndcg@10']).toBeLessThan(most)
  })

  it('finds words, and nothing where no word is shared', async () => {
    const search = await keywordSearch(news)
    const [best] = await search({ text: 'Nobel prize' })
    expect(news.data.corpus.find(({ id }) => id === best)?.text).toMatch(/nobel|prize/i)
    expect(await search({ text: '诺贝尔奖' })).toEqual([])
  })
})

describe('vector search', () => {
  it('finds a word by what it means, asked in English or Chinese', async () => {
    const search = await vectorSearch(words, embedder)
    const found = (text: string) => search({ text }, 10)
    expect(await found('somebody who writes poems')).toContain('poet')
    expect(await found('诗')).toContain('poetry')
  })
})

describe('ask', () => {
  it('prints aligned columns that fit the screen', async () => {
    const lines: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(...String(text).split('\n')) > 0)
    const terminal = { ...createTerminal({ json: false, quiet: false }), width: 80 }
    const labels = new Map([...news.labels].map(([id, label]) => [id, `${label} 苹果电脑的新操作系统 苹果电脑的新操作系统`]))
    const searches = { keyword: await keywordSearch(news), base: await vectorSearch(news, embedder) }
    await ask({ ...news, labels }, searches, [{ text: '手机', meaning: 'mobile phone' }, { text: 'house prices' }], terminal)
    vi.restoreAllMocks()
    const column = lines.find((line) => line.includes('keyword'))?.indexOf('base') ?? -1
    expect(column).toBeGreaterThan(4)
    expect(lines).toContain('  手机 (mobile phone)')
    expect(lines.filter((line) => line.startsWith('    (nothing)'))).toHaveLength(1)
    const rows = lines.slice(lines.findIndex((line) => line.includes('house prices')) + 2).filter((line) => line !== '')
    expect(rows).toHaveLength(5)
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80)
    for (const row of rows) {
      let [width, at] = [0, 0]
      for (const character of row) {
        if (width >= column) break
        width += displayWidth(character)
        at += character.length
      }
      expect(width, row).toBe(column)
      expect(row.slice(0, at), row).toMatch(/ {2}$/)
      expect(row[at], row).not.toBe(' ')
    }
  })
})
