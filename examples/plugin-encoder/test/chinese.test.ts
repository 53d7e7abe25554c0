import type { Qrels, RetrievalData, Split } from '@ms/core'
import type { Encoder } from '@ms/core/tensor'
import { createEmbedder } from '@ms/embed'
import {
  defaultSettings,
  embedCorpus,
  evaluate,
  examplesFromRetrieval,
  finish,
  multipleNegativesRanking,
  retrieve,
  train,
} from '@ms/finetune'
import { createEagerEngine } from '@ms/runtime'
import { describe, expect, it } from 'vitest'
import plugin from '../src/index.js'
import { chineseNames } from './names.js'

/** Every name is a document in simplified Chinese and a query in traditional Chinese; every fifth query is for the test. */
function data(): RetrievalData {
  const names = chineseNames().map((name, i) => ({ id: `n${i}`, query: `q${i}`, ...name }))
  const judged = (test: boolean): Qrels =>
    new Map(names.filter((_, i) => (i % 5 === 0) === test).map(({ id, query }) => [query, new Map([[id, 1]])]))
  return {
    kind: 'retrieval',
    name: 'names',
    corpus: names.map(({ id, simplified }) => ({ id, text: simplified })),
    queries: new Map(names.map(({ query, traditional }) => [query, { id: query, text: traditional }])),
    qrels: new Map<Split, Qrels>([
      ['train', judged(false)],
      ['test', judged(true)],
    ]),
  }
}

async function firstRight(encoder: Encoder, names: RetrievalData): Promise<number> {
  const embedder = await createEmbedder(encoder)
  const qrels = names.qrels.get('test')!
  const run = await retrieve(embedder, await embedCorpus(embedder, names), { queries: names.queries, qrels })
  return evaluate(qrels, run, { metrics: ['hit@1'] }).metrics['hit@1']
}

describe('char-ngrams in Chinese', () => {
  it('finds simplified names by traditional ones, and better after it was trained on others', { timeout: 300_000 }, async () => {
    const names = data()
    expect(names.corpus.length).toBeGreaterThan(700)
    const encoder = await plugin.create({ seed: 1 })
    const before = await firstRight(encoder, names)
    const engine = await createEagerEngine({ backend: 'wasm' })
    const examples = examplesFromRetrieval(names)
    const settings = { ...defaultSettings(encoder, examples), learningRate: 0.01 }
    const trained = await finish(train({ encoder, examples, loss: multipleNegativesRanking(), settings, engine }))
    await engine.dispose()
    const after = await firstRight(trained.encoder, names)
    expect(before).toBeGreaterThan(0.3)
    expect(after).toBeGreaterThan(0.55)
  })
})
