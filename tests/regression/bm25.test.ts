import { describe, expect, it } from 'vitest'
import { readRetrievalData, type Split } from '../../packages/core/src/index.js'
import { directoryFiles } from '../../packages/core/src/node/index.js'
import { bm25Index, standardAnalyzer } from '../../packages/index/src/index.js'
import { lohelp } from './lohelp.js'

/** nDCG@10 of BM25 with k1 1.2 and b 0.75: Porter stems for English, bigrams for Chinese. */
const expected = { en: 0.577, zh: 0.517 }
const tolerance = 0.005

/** Binary grades: every judged page of these collections is simply right. */
function ndcgAt10(ids: readonly string[], relevant: ReadonlySet<string>): number {
  const gain = (rank: number) => 1 / Math.log2(rank + 2)
  const sum = (from: readonly number[]) => from.reduce((total, value) => total + value, 0)
  const ideal = sum(Array.from({ length: Math.min(10, relevant.size) }, (_, rank) => gain(rank)))
  return sum(ids.slice(0, 10).map((id, rank) => (relevant.has(id) ? gain(rank) : 0))) / ideal
}

async function measure(folder: string, unspaced: 'bigrams' | 'words'): Promise<number> {
  const data = await readRetrievalData(directoryFiles(folder))
  const index = bm25Index({ analyzer: standardAnalyzer({ unspaced }) })
  await index.upsert(data.corpus.map(({ id, title, text = '' }) => ({ id, text, ...(title ? { title } : {}) })))
  const split: Split = 'test'
  let total = 0
  const qrels = data.qrels.get(split) ?? new Map<string, ReadonlyMap<string, number>>()
  expect(qrels.size).toBeGreaterThan(900)
  for (const [query, grades] of qrels) {
    const hits = await index.search(data.queries.get(query)?.text ?? '', { k: 10 })
    const relevant = new Set([...grades].filter(([, grade]) => grade > 0).map(([id]) => id))
    total += ndcgAt10(
      hits.map((hit) => hit.id),
      relevant,
    )
  }
  return total / qrels.size
}

describe('BM25 on LibreOffice help', () => {
  for (const language of ['en', 'zh'] as const) {
    const folder = lohelp(language)
    it.skipIf(!folder)(`reaches nDCG@10 ${expected[language]} ± ${tolerance} on lohelp-${language}, test split`, async () => {
      const value = await measure(folder ?? '', 'bigrams')
      expect(Math.abs(value - expected[language])).toBeLessThanOrEqual(tolerance)
    })
  }

  const folder = lohelp('zh')
  it.skipIf(!folder)('is better in Chinese where words tell how much a bigram counts', async () => {
    const value = await measure(folder ?? '', 'words')
    expect(value).toBeGreaterThan(0.537)
  })
})
