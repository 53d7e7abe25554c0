import type { OnProgress, Qrels, RetrievalData, Run, Split } from '@ms/core'
import { type Evaluation, embedCorpus, evaluate, type RetrievalEmbedder, retrieve } from '@ms/finetune'
import { bm25Index, standardAnalyzer } from '@ms/index'
import { convexFusion, fitFusionWeight, fuseRuns, reciprocalRankFusion } from '@ms/search'

/** What a system found for the judged queries: of the split that is measured, and of dev where there is one to fit on. */
export interface SystemRuns {
  readonly measured: Run
  readonly dev?: Run
}

export interface SystemOptions {
  readonly data: RetrievalData
  readonly split: Split
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

/** Hits a query: enough for MAP over the whole run. */
const depth = 1000

/** Dev is for fitting, so it is not used when it is itself what is measured. */
function splits({ data, split }: SystemOptions): { measured: Qrels; dev?: Qrels } {
  const dev = split === 'dev' ? undefined : data.qrels.get('dev')
  return { measured: data.qrels.get(split) ?? new Map(), dev }
}

async function runs(options: SystemOptions, run: (qrels: Qrels) => Promise<Run>): Promise<SystemRuns> {
  const { measured, dev } = splits(options)
  return { measured: await run(measured), ...(dev ? { dev: await run(dev) } : {}) }
}

export interface KeywordOptions extends SystemOptions {
  /** The baseline of the literature: every bigram of a Chinese query counts alike. Default: false, as our search does it. */
  readonly plain?: boolean
}

/** Keyword search (BM25) over title and text. */
export async function keywordRuns(options: KeywordOptions): Promise<SystemRuns> {
  const { data, signal, plain = false } = options
  const index = bm25Index({ analyzer: standardAnalyzer({ unspaced: plain ? 'bigrams' : 'words' }) })
  await index.upsert(data.corpus.map(({ id, title, text = '' }) => ({ id, text, ...(title ? { title } : {}) })))
  return runs(options, async (qrels) => {
    const found = new Map<string, Awaited<ReturnType<typeof index.search>>>()
    for (const id of qrels.keys()) {
      // A picture has no words to search for.
      const text = data.queries.get(id)?.text ?? ''
      found.set(id, text.trim() === '' ? [] : await index.search(text, { k: depth, signal }))
    }
    return found
  })
}

/** Exact vector search with one model. */
export async function denseRuns(embedder: RetrievalEmbedder, options: SystemOptions): Promise<SystemRuns> {
  const { data, signal, onProgress } = options
  const corpus = await embedCorpus(embedder, data, { signal, onProgress })
  return runs(options, (qrels) =>
    retrieve(embedder, corpus, { queries: data.queries, qrels, location: data.location }, { k: depth, signal }),
  )
}

export interface HybridRuns extends SystemRuns {
  /** `convex(0.55)` where the weight was fitted on dev, else `rrf(60)`. */
  readonly fusion: string
}

/** The weight of convex fusion that is best on dev queries, by nDCG@10. */
export function fitOnDev(dense: Run, keyword: Run, dev: Qrels): number {
  // A value for each query: their spread says how far the curve can be trusted.
  const score = (run: Run) => [...evaluate(dev, run, { metrics: ['ndcg@10'] }).perQuery['ndcg@10'].values()]
  return fitFusionWeight(dense, keyword, { score }).weight
}

/** Both: a weight fitted on the dev queries where there are any, else reciprocal rank fusion. */
export function hybridRuns(dense: SystemRuns, keyword: SystemRuns, { data }: SystemOptions): HybridRuns {
  const dev = data.qrels.get('dev')
  const fusion = dev && dense.dev && keyword.dev ? convexFusion({ weight: fitOnDev(dense.dev, keyword.dev, dev) }) : reciprocalRankFusion()
  return { measured: fuseRuns(dense.measured, keyword.measured, fusion), fusion: fusion.name }
}

/** Scores a system's runs on the measured split. */
export function evaluateSystem({ measured }: SystemRuns, { data, split }: SystemOptions): Evaluation {
  return evaluate(data.qrels.get(split) ?? new Map(), measured)
}
