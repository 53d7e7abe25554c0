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
  readonly signal?: AbortSignal
  /** Told which of the steps it is at. */
  readonly onStep?: (step: string) => void
}

const metric = 'ndcg@10'

/** Measures keyword search, the base model, the tuned one and both hybrids over the same queries, and what the tuning changed. */
export async function compareSystems({ data, split, base, tuned, seed, signal, onStep }: CompareSystemsOptions): Promise<ComparisonReport> {
  const options = { data, split, signal }
  onStep?.('keyword search')
  const keyword = await keywordRuns(options)
  onStep?.('base model')
  const dense = await denseRuns(base, options)
  onStep?.('tuned model')
  const denseTuned = await denseRuns(tuned, options)
  onStep?.('fusion')
  const [hybrid, hybridTuned] = [hybridRuns(dense, keyword, options), hybridRuns(denseTuned, keyword, options)]
  const found = { keyword, base: dense, tuned: denseTuned, 'hybrid-base': hybrid, 'hybrid-tuned': hybridTuned }
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
    differences: [
      difference('tuned', 'base'),
      difference('hybrid-tuned', 'hybrid-base'),
      difference('tuned', 'keyword'),
      difference('hybrid-tuned', 'keyword'),
    ],
  }
}
