import type { Analyzer } from '@ms/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bm25Index } from '../lexical/bm25-index.js'
import { standardAnalyzer } from './standard-analyzer.js'

const ask = (query: string, analyzer: Analyzer = standardAnalyzer()) =>
  (analyzer.queryTokens?.(query) ?? []).map(({ term, weight = 1 }) => `${term} ${weight}`)

/** The runtime's words differ from version to version: here it knows these alone. */
const known = ['打印', '文档', '東京', '地図']
class FewWords {
  *segment(run: string) {
    for (let index = 0; index < run.length; ) {
      yield { index }
      index += run.length > index + 1 && known.includes(run.slice(index, index + 2)) ? 2 : 1
    }
  }
}

describe('a query without spaces', () => {
  beforeEach(() => {
    vi.stubGlobal('Intl', { ...Intl, Segmenter: FewWords })
  })
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('counts bigrams within words in full, those across words less, and single characters a little', () => {
    expect(ask('打印文档')).toEqual(['打 0.2', '打印 1', '印 0.2', '印文 0.25', '文 0.2', '文档 1', '档 0.2'])
    expect(ask('我的书')).toEqual(['我 0.75', '我的 0.25', '的 0.75', '的书 0.25', '书 0.75'])
  })
  it('asks for no single kana, which would be particles', () => {
    expect(ask('東京の地図')).toEqual(['東 0.2', '東京 1', '京 0.2', '京の 0.25', 'の地 0.25', '地 0.2', '地図 1', '図 0.2'])
    expect(ask('ｶﾞｷ')).toEqual(['ガキ 0.25'])
  })
  it('asks for the noun of a short Korean word, too', () => {
    expect(ask('책을 한국어')).toEqual(['책 0.5', '책을 1', '한국 1', '국어 1'])
  })
  it('asks for the character of a run of one', () => {
    expect(ask('书 の 책 a')).toEqual(['书 1', 'の 1', '책 1', 'a 1'])
  })
  it('leaves other scripts at their bigrams', () => {
    expect(ask('ภาษา')).toEqual(['ภา 1', 'าษ 1', 'ษา 1'])
  })
  it('is plain bigrams where it is told so', () => {
    expect(ask('我的书 书 책을', standardAnalyzer({ unspaced: 'bigrams' }))).toEqual(['我的 1', '的书 1', '书 1', '책을 1'])
  })
  it('asks the runtime', () => {
    vi.unstubAllGlobals()
    // In every dictionary since ICU 50.
    expect(ask('中国人民')).toEqual(['中 0.2', '中国 1', '国 0.2', '国人 0.25', '人 0.2', '人民 1', '民 0.2'])
  })
  it('does without words where the runtime knows none', () => {
    vi.stubGlobal('Intl', { ...Intl, Segmenter: undefined })
    expect(ask('打印文档')).toEqual(['打 0.2', '打印 1', '印 0.2', '印文 1', '文 0.2', '文档 1', '档 0.2'])
  })
  it('finds the same documents with every dictionary', async () => {
    const texts = ['如何打印文档', '文件的打印', '印', '我的书', '書を読む', '打字机', '책은 여기', 'nothing']
    const index = bm25Index()
    await index.upsert(texts.map((text) => ({ id: text, text })))
    const found = async (query: string) => (await index.search(query, { k: 10 })).map(({ id }) => id).sort()
    const queries = ['打印文档', '我的书', '書', '印', '책을', '文']
    const usual = await Promise.all(queries.map(found))
    expect(usual).toEqual([
      ['印', '如何打印文档', '打字机', '文件的打印'],
      ['我的书', '文件的打印'],
      ['書を読む'],
      ['印', '如何打印文档', '文件的打印'],
      ['책은 여기'],
      ['如何打印文档', '文件的打印'],
    ])
    for (const length of [1, 3, 99]) {
      class Other {
        segment = (run: string) => Array.from({ length: Math.ceil(run.length / length) }, (_, i) => ({ index: i * length }))
      }
      vi.stubGlobal('Intl', { ...Intl, Segmenter: Other })
      const other = bm25Index({ analyzer: standardAnalyzer() })
      await other.upsert(texts.map((text) => ({ id: text, text })))
      const foundNow = async (query: string) => (await other.search(query, { k: 10 })).map(({ id }) => id).sort()
      expect(await Promise.all(queries.map(foundNow))).toEqual(usual)
    }
  })
})
