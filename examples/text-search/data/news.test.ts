import { documentText, splitByHash } from '@ms/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type NewsItem, newsTask, readNews } from './news.js'
import type { Task } from './task.js'

describe('the news', () => {
  let items: NewsItem[]
  let task: Task
  beforeAll(async () => {
    items = await readNews()
    task = await newsTask()
  })

  it('is 623 items of 15 feeds, each with a headline, a link (or what the feed took for one) and a date', () => {
    expect(items).toHaveLength(623)
    expect(new Set(items.map((item) => item.id)).size).toBe(623)
    expect(new Set(items.map((item) => item.source)).size).toBe(15)
    for (const item of items) {
      expect(item.headline, item.id).not.toBe('')
      expect(item.link, item.id).toMatch(/^\S+$/)
      expect(item.date, item.id).toMatch(/^2002-(09|10|11|12)-\d\d$/)
    }
  })

  it('reads an item as it was written', () => {
    expect(items.find((item) => item.id === '02114')).toEqual({
      id: '02114',
      headline: 'Scientists prove that shoe size and penis size are not linked. Cure for cancer not expected for 10 billion years',
      summary: 'Reuters',
      link: 'http://www.newsisfree.com/click/-1,8406746,1717/',
      date: '2002-10-01',
      source: 'fark',
      hasSummary: false,
    })
    expect(items.find((item) => item.id === '02026')?.headline).toContain('£7,000')
    expect(items.find((item) => item.id === '02189')?.summary).toContain('Blööd')
  })

  it('leaves no markup, entity, footnote or control character', () => {
    const markup = /&(#\d+|#x[\da-f]+|amp|lt|gt|quot|nbsp|reg);|<\/?[a-z]+>|\[\d+\]|\[IMG|https?:\/\/|\p{Cc}|\ufffd|\s\s/u
    for (const { id, headline, summary } of items) {
      for (const text of [headline, summary]) expect(text, id).not.toMatch(markup)
    }
  })

  it('splits by link: 397 train, 53 dev, 112 test', async () => {
    const counts = { train: 0, dev: 0, test: 0 }
    for (const { link, hasSummary } of items) if (hasSummary) counts[await splitByHash('news-v1', link)]++
    expect(counts).toEqual({ train: 397, dev: 53, test: 112 })
  })

  it('asks in train and dev for nothing that test asks for', () => {
    expect([...task.data.qrels].map(([split, qrels]) => [split, qrels.size])).toEqual([
      ['test', 112],
      ['dev', 52],
      ['train', 393],
    ])
    const splitOf = new Map<string, string>()
    for (const [split, qrels] of task.data.qrels) {
      for (const grades of qrels.values()) {
        for (const id of grades.keys()) {
          expect(splitOf.get(id) ?? split, id).toBe(split)
          splitOf.set(id, split)
        }
      }
    }
  })

  it('asks for documents that are there, and hides the headline from them', () => {
    const documents = new Map(task.data.corpus.map((document) => [document.id, documentText(document)]))
    expect(documents.size).toBe(623)
    for (const qrels of task.data.qrels.values()) {
      for (const [query, grades] of qrels) {
        expect(task.data.queries.get(query)?.text).toBeTruthy()
        for (const id of grades.keys()) expect(documents.get(id), id).toBe(items.find((item) => item.id === id)?.summary)
      }
    }
    for (const id of documents.keys()) expect(task.labels.get(id), id).toBeTruthy()
  })

  it('is the same each time', async () => {
    expect(await newsTask()).toEqual(task)
  })
})
