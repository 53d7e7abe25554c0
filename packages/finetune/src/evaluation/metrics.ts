import { type Hit, MsError, type Qrels, type Run } from '@ms/core'

/** `ndcg@10`, `mrr@10`, `recall@100`, `hit@1`, `precision@5`, `map`, `map@100`, `map@r`. */
export type MetricName = 'map' | 'map@r' | `${'ndcg' | 'mrr' | 'recall' | 'hit' | 'precision' | 'map'}@${number}`

/** What is computed where nothing else is asked for. */
export const defaultMetrics = [
  'ndcg@10',
  'mrr@10',
  'recall@10',
  'recall@100',
  'hit@1',
  'map',
  'map@r',
] as const satisfies readonly MetricName[]

/** One query: its judgements and what was found for it. */
interface Judged {
  /** Grade of each hit in order; 0 for what is not judged. */
  readonly found: readonly number[]
  /** All grades above 0, highest first. */
  readonly ideal: readonly number[]
}

type Measure = (judged: Judged, cut: number) => number

const discount = (rank: number) => 1 / Math.log2(rank + 2)
const gain = (grades: readonly number[], cut: number) =>
  grades.slice(0, cut).reduce((sum, grade, rank) => sum + Math.max(0, grade) * discount(rank), 0)
const relevant = (grades: readonly number[], cut: number) => grades.slice(0, cut).reduce((count, grade) => count + (grade > 0 ? 1 : 0), 0)

function averagePrecision({ found, ideal }: Judged, cut: number, most: number): number {
  let hits = 0
  let sum = 0
  for (let rank = 0; rank < Math.min(cut, found.length); rank++) {
    if (found[rank] <= 0) continue
    hits++
    sum += hits / (rank + 1)
  }
  return sum / Math.min(most, ideal.length)
}

const measures: Readonly<Record<string, Measure>> = {
  /** Järvelin and Kekäläinen 2002 with linear gain, as trec_eval's ndcg_cut. */
  ndcg: ({ found, ideal }, cut) => gain(found, cut) / gain(ideal, cut),
  mrr: ({ found }, cut) => {
    const first = found.slice(0, cut).findIndex((grade) => grade > 0)
    return first < 0 ? 0 : 1 / (first + 1)
  },
  recall: ({ found, ideal }, cut) => relevant(found, cut) / ideal.length,
  precision: ({ found }, cut) => relevant(found, cut) / cut,
  hit: ({ found }, cut) => (relevant(found, cut) > 0 ? 1 : 0),
  /** trec_eval's map_cut: the divisor is the number of relevant documents, however small the cut. */
  map: (judged, cut) => averagePrecision(judged, cut, Number.POSITIVE_INFINITY),
}

function measure(name: MetricName): (judged: Judged) => number {
  if (name === 'map') return (judged) => measures.map(judged, Number.POSITIVE_INFINITY)
  // MAP@R (Musgrave et al. 2020): only the first R ranks count, R being the number of relevant documents.
  if (name === 'map@r') return (judged) => measures.map(judged, judged.ideal.length)
  const [, kind, cut] = name.match(/^([a-z]+)@(\d+)$/) ?? []
  const chosen = kind !== undefined && Object.hasOwn(measures, kind) ? measures[kind] : undefined
  if (!chosen || !(Number(cut) >= 1)) {
    throw new MsError('evaluation.metric', `there is no metric ${name}`, { advice: `Use ${defaultMetrics.join(', ')} or another cut-off.` })
  }
  return (judged) => chosen(judged, Number(cut))
}

/** As trec_eval reads a run: by score, kept in single precision; equal scores by id, last first. Each id counts once. */
function trecOrder(hits: readonly Hit[]): Hit[] {
  const sorted = [...hits].sort((a, b) => Math.fround(b.score) - Math.fround(a.score) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
  const seen = new Set<string>()
  return sorted.filter(({ id }) => !seen.has(id) && seen.add(id))
}

export interface EvaluateOptions {
  /** Default: `defaultMetrics`. */
  metrics?: readonly MetricName[]
  /** A hit with the query's own id is left out, as BEIR does (a document asked for its like). Default: true. */
  ignoreIdenticalIds?: boolean
}

export interface Evaluation {
  /** Number of queries that were judged: those with at least one relevant document. */
  readonly queries: number
  /** Mean over the queries, 0 to 1. */
  readonly metrics: Readonly<Record<string, number>>
  /** metric → query id → value */
  readonly perQuery: Readonly<Record<string, ReadonlyMap<string, number>>>
}

/**
 * Scores a run as trec_eval (and BEIR, which calls it) does. A query that the run does not have counts as 0.
 *
 * @throws `evaluation.metric`, `evaluation.no-queries` when no query has a relevant document
 * @example
 * ```ts
 * import { evaluate } from '@ms/finetune'
 *
 * const qrels = new Map([['q1', new Map([['d1', 1]])]])
 * const run = new Map([['q1', [{ id: 'd7', score: 0.9 }, { id: 'd1', score: 0.8 }]]])
 * evaluate(qrels, run, { metrics: ['mrr@10'] }).metrics['mrr@10'] // 0.5
 * ```
 */
export function evaluate(
  qrels: Qrels,
  run: Run,
  { metrics = defaultMetrics, ignoreIdenticalIds = true }: EvaluateOptions = {},
): Evaluation {
  const measured = metrics.map((name) => ({ name, value: measure(name), perQuery: new Map<string, number>() }))
  let queries = 0
  for (const [query, grades] of qrels) {
    const counted = ignoreIdenticalIds ? [...grades].filter(([id]) => id !== query) : [...grades]
    const ideal = counted
      .map(([, grade]) => grade)
      .filter((grade) => grade > 0)
      .sort((a, b) => b - a)
    if (ideal.length === 0) continue
    queries++
    const hits = trecOrder(run.get(query) ?? []).filter(({ id }) => !ignoreIdenticalIds || id !== query)
    const judged = { found: hits.map(({ id }) => grades.get(id) ?? 0), ideal }
    for (const { value, perQuery } of measured) perQuery.set(query, value(judged))
  }
  if (queries === 0) {
    throw new MsError('evaluation.no-queries', 'no query has a relevant document', { advice: 'Check the judgements (qrels).' })
  }
  const mean = (values: ReadonlyMap<string, number>) => [...values.values()].reduce((sum, value) => sum + value, 0) / queries
  return {
    queries,
    metrics: Object.fromEntries(measured.map(({ name, perQuery }) => [name, mean(perQuery)])),
    perQuery: Object.fromEntries(measured.map(({ name, perQuery }) => [name, perQuery])),
  }
}
