import { beforeAll, describe, expect, it } from 'vitest'
import { documentText, type RetrievalData, type Run, readRetrievalData, type Split } from '../../packages/core/src/index.js'
import { directoryFiles } from '../../packages/core/src/node/index.js'
import { createEmbedder, loadEncoder, type OwnedEmbedder } from '../../packages/embed/src/index.js'
import { type EmbeddedCorpus, embedCorpus, evaluate, retrieve } from '../../packages/finetune/src/index.js'
import { bm25Index } from '../../packages/index/src/index.js'
import { miniText } from '../../packages/mini/src/index.js'
import { convexFusion, fitFusionWeight, fuseRuns } from '../../packages/search/src/index.js'
import { lohelp } from './lohelp.js'

/** What ms-mini-text must reach as it is shipped, test split. */
const least = {
  en: { dense: 0.49, hybrid: 0.6 },
  zh: { dense: 0.35, hybrid: 0.53 },
  cross: { ndcg: 0.22, recall: 0.7 },
}

let embedder: OwnedEmbedder<string>
beforeAll(async () => {
  embedder = await createEmbedder(await loadEncoder(miniText()))
})

async function open(language: 'en' | 'zh'): Promise<{ data: RetrievalData; corpus: EmbeddedCorpus }> {
  const data = await readRetrievalData(directoryFiles(lohelp(language) ?? ''))
  return { data, corpus: await embedCorpus(embedder, data) }
}

const qrelsOf = (data: RetrievalData, split: Split) => data.qrels.get(split) ?? new Map<string, ReadonlyMap<string, number>>()

async function runs({ data, corpus }: Awaited<ReturnType<typeof open>>, split: Split): Promise<{ dense: Run; lexical: Run }> {
  const qrels = qrelsOf(data, split)
  const index = bm25Index()
  await index.upsert(data.corpus.map((document) => ({ id: document.id, text: documentText(document) })))
  const lexical = new Map()
  for (const id of qrels.keys()) lexical.set(id, await index.search(data.queries.get(id)?.text ?? '', { k: 100 }))
  return { dense: await retrieve(embedder, corpus, { queries: data.queries, qrels }, { k: 100 }), lexical }
}

const metric = (run: Run, data: RetrievalData, split: Split, name: 'ndcg@10' | 'recall@100') =>
  evaluate(qrelsOf(data, split), run, { metrics: [name] }).metrics[name]

describe('ms-mini-text as shipped', () => {
  for (const language of ['en', 'zh'] as const) {
    it.skipIf(!lohelp(language))(
      `reaches nDCG@10 ${least[language].dense}, ${least[language].hybrid} with BM25, on lohelp-${language}`,
      async () => {
        const opened = await open(language)
        const dev = await runs(opened, 'dev')
        const { weight } = fitFusionWeight(dev.dense, dev.lexical, { score: (run) => metric(run, opened.data, 'dev', 'ndcg@10') })
        const test = await runs(opened, 'test')
        expect(metric(test.dense, opened.data, 'test', 'ndcg@10')).toBeGreaterThanOrEqual(least[language].dense)
        expect(metric(fuseRuns(test.dense, test.lexical, convexFusion({ weight })), opened.data, 'test', 'ndcg@10')).toBeGreaterThanOrEqual(
          least[language].hybrid,
        )
      },
    )
  }

  it.skipIf(!lohelp('en') || !lohelp('zh'))('finds English pages for Chinese queries', async () => {
    const [english, chinese] = [await open('en'), await open('zh')]
    const known = new Set(english.data.corpus.map(({ id }) => id))
    const qrels = new Map(
      [...qrelsOf(chinese.data, 'test')]
        .map(([query, grades]) => [query, new Map([...grades].filter(([id]) => known.has(id)))] as const)
        .filter(([, grades]) => grades.size > 0),
    )
    expect(qrels.size).toBe(918)
    const run = await retrieve(embedder, english.corpus, { queries: chinese.data.queries, qrels }, { k: 100 })
    const { metrics } = evaluate(qrels, run, { metrics: ['ndcg@10', 'recall@100'] })
    expect(metrics['ndcg@10']).toBeGreaterThanOrEqual(least.cross.ndcg)
    expect(metrics['recall@100']).toBeGreaterThanOrEqual(least.cross.recall)
  })
})
