import type { RetrievalData, Split } from '@ms/core'
import { compare, type RetrievalEmbedder } from '@ms/finetune'
import type { ComparisonReport, SystemName } from './print-comparison.js'
import { denseRuns, evaluateSystem, hybridRuns, keywordRuns, type SystemRuns } from './systems.js'

export interface CompareSystemsOptions {
  readonly data: RetrievalData
  readonly split: Split
  readonly base: RetrievalEmbedder
  readonly tuned: RetrievalEmbedder
  /** Default: 1. */
  readonly seed?: number
  /** Share of words in the vectors of documents with a picture. Default: fitted for each model on the dev queries, else 0. */
  readonly words?: number
  readonly signal?: AbortSignal
  /** Told which of the steps it is at. */
  readonly onStep?: (step: string) => void
}

const metric = 'ndcg@10'

/** Measures keyword search, the base model, the tuned one and both hybrids over the same queries, and what the tuning changed. */
export async function compareSystems(compared: CompareSystemsOptions): Promise<ComparisonReport> {
  const { data, split, base, tuned, seed, words, signal, onStep } = compared
  const options = { data, split, words, signal }
  onStep?.('keyword search')
  const keyword = await keywordRuns(options)
  onStep?.('base model')
  const dense = await denseRuns(base, options)
  onStep?.('tuned model')
  const denseTuned = await denseRuns(tuned, options)
  onStep?.('fusion')
  const [hybrid, hybridTuned] = [hybridRuns(dense, keyword, options), hybridRuns(denseTuned, keyword, options)]
  const found: Record<SystemName, SystemRuns> = {
    keyword,
    base: dense,
    tuned: denseTuned,
    'hybrid-base': hybrid,
    'hybrid-tuned': hybridTuned,
  }
  const each = <T>(use: (runs: SystemRuns) => T) =>
    Object.fromEntries(Object.entries(found).map(([name, runs]) => [name, use(runs)])) as Record<SystemName, T>
  const systems = each((runs) => evaluateSystem(runs, options))
  const difference = (candidate: SystemName, baseline: SystemName) => ({
    candidate,
    baseline,
    comparison: compare(systems[baseline].perQuery[metric], systems[candidate].perQuery[metric], { seed }),
  })
  return {
    data: data.name,
    split,
    metric,
    queries: systems.keyword.queries,
    systems,
    runs: each(({ measured }) => measured),
    fusion: { base: hybrid.fusion, tuned: hybridTuned.fusion },
    words: { base: dense.words, tuned: denseTuned.words },
    differences: [
      difference('tuned', 'base'),
      difference('hybrid-tuned', 'hybrid-base'),
      difference('tuned', 'keyword'),
      difference('hybrid-tuned', 'keyword'),
    ],
  }
}
