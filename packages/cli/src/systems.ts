import type { OnProgress, Qrels, RetrievalData, Run, Split } from '@ms/core'
import {
  type EmbeddedCorpus,
  type Evaluation,
  embedPicturesAndWords,
  embedQueries,
  evaluate,
  nearestRun,
  nearestRunsByWords,
  type PicturesAndWords,
  type RetrievalEmbedder,
  withWords,
} from '@ms/finetune'
import { bm25Index, standardAnalyzer } from '@ms/index'
import { convexFusion, fitFusionWeight, fitWeight, fuseRuns, reciprocalRankFusion } from '@ms/search'

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
/** Hits a query where nothing but nDCG@10 is asked for; a query may be a document itself, which then does not count. */
const fittingDepth = 11
const shares = Array.from({ length: 11 }, (_, i) => i / 10)

// A value for each query: their spread says how far a curve can be trusted.
const perQuery = (qrels: Qrels, run: Run) => [...evaluate(qrels, run, { metrics: ['ndcg@10'] }).perQuery['ndcg@10'].values()]

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

export interface DenseRuns extends SystemRuns {
  /** Share of their words in the vectors of documents that have a picture too; absent where the model and the data have not both. */
  readonly words?: number
}

export interface DenseOptions extends SystemOptions {
  /** Share of words, 0 (pictures alone) … 1. Default: fitted on the dev queries where there are any, else 0. */
  readonly words?: number
}

/** Exact vector search with one model, by pictures and by the words that stand with them. */
export async function denseRuns(embedder: RetrievalEmbedder, options: DenseOptions): Promise<DenseRuns> {
  const { data, signal, onProgress, words: given } = options
  const both = await embedPicturesAndWords(embedder, data, { signal, onProgress })
  const { measured, dev } = splits(options)
  const ask = (qrels: Qrels) => embedQueries(embedder, { queries: data.queries, qrels, location: data.location }, { signal })
  const [asked, askedOfDev] = [await ask(measured), dev && (await ask(dev))]
  const words = given ?? (dev && askedOfDev ? fitWordsShare(both, askedOfDev, dev) : 0)
  const corpus = withWords(both, words)
  return {
    measured: nearestRun(asked, corpus, depth),
    ...(askedOfDev ? { dev: nearestRun(askedOfDev, corpus, depth) } : {}),
    ...(both.words ? { words } : {}),
  }
}

/** The share of words in documents' vectors that is best on dev queries, by nDCG@10; 0 where no document has picture and words. */
export function fitWordsShare(both: PicturesAndWords, asked: EmbeddedCorpus, dev: Qrels): number {
  if (!both.words) return 0
  const runs = nearestRunsByWords(asked, both, shares, fittingDepth)
  return fitWeight((share) => perQuery(dev, runs[shares.indexOf(share)]), { grid: shares }).weight
}

export interface HybridRuns extends SystemRuns {
  /** `convex(0.55)` where the weight was fitted on dev, else `rrf(60)`. */
  readonly fusion: string
}

/** The weight of convex fusion that is best on dev queries, by nDCG@10. */
export function fitOnDev(dense: Run, keyword: Run, dev: Qrels): number {
  return fitFusionWeight(dense, keyword, { score: (run) => perQuery(dev, run) }).weight
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
