import type { Document, Query, RetrievalData, Run } from '@ms/core'
import { documentText } from '@ms/core'
import type { Comparison, Evaluation } from '@ms/finetune'
import { clip } from './display-width.js'
import { formatTable } from './format-table.js'
import type { Terminal } from './terminal.js'

export type SystemName = 'keyword' | 'base' | 'tuned' | 'hybrid-base' | 'hybrid-tuned'

/** What was measured of the five systems. */
export interface ComparisonReport {
  readonly data: string
  readonly split: string
  readonly metric: string
  readonly queries: number
  readonly systems: Readonly<Record<SystemName, Evaluation>>
  /** What each found for the measured queries. */
  readonly runs: Readonly<Record<SystemName, Run>>
  /** How the two hybrids were fused: `convex(0.55)`, `rrf(60)`. */
  readonly fusion: { readonly base: string; readonly tuned: string }
  /** The share of words in the vectors of documents with a picture; undefined where the model and the data have not both. */
  readonly words: { readonly base?: number; readonly tuned?: number }
  /** tuned against base, hybrid-tuned against hybrid-base, and both against keyword search. */
  readonly differences: readonly { readonly candidate: SystemName; readonly baseline: SystemName; readonly comparison: Comparison }[]
}

export const shownMetrics = ['ndcg@10', 'mrr@10', 'recall@10', 'recall@100', 'hit@1', 'map'] as const
const figure = (value: number) => value.toFixed(3)
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
const probability = (p: number) => (p < 0.001 ? '< 0.001' : p.toFixed(3))

/**
 * The systems that have something to say. Among pictures without words, or for pictures that ask, keyword search finds nothing, and fusing
 * with nothing changes nothing.
 */
export function shownSystems({ systems, runs }: Pick<ComparisonReport, 'systems' | 'runs'>): SystemName[] {
  const wordless = [...runs.keyword.values()].every((hits) => hits.length === 0)
  return (Object.keys(systems) as SystemName[]).filter((name) => !wordless || name === 'base' || name === 'tuned')
}

/** The systems side by side, then what the tuning changed. */
export function printComparison(report: ComparisonReport, terminal: Terminal): void {
  const { colors } = terminal
  const names = shownSystems(report)
  const best = Object.fromEntries(
    shownMetrics.map((metric) => [metric, Math.max(...names.map((name) => report.systems[name].metrics[metric]))]),
  )
  const rows = names.map((name) => {
    const { metrics } = report.systems[name]
    return [
      name,
      ...shownMetrics.map((metric) => (metrics[metric] === best[metric] ? colors.bold(figure(metrics[metric])) : figure(metrics[metric]))),
    ]
  })
  terminal.print(`${report.data}: ${report.queries} ${report.split} queries`)
  terminal.print()
  terminal.print(formatTable([['', ...shownMetrics], ...rows], { indent: 2 }))
  terminal.print()
  const differences = report.differences.filter(({ candidate, baseline }) => names.includes(candidate) && names.includes(baseline))
  const changes = differences.map(({ candidate, baseline, comparison }) => {
    const text = signed(comparison.difference)
    const significant = comparison.pValue < 0.05
    const colored = significant ? (comparison.difference > 0 ? colors.green(text) : colors.red(text)) : text
    return [
      `${candidate} − ${baseline}`,
      colored,
      probability(comparison.pValue),
      `${comparison.won}`,
      `${comparison.lost}`,
      `${comparison.tied}`,
    ]
  })
  terminal.print(formatTable([['', report.metric, 'p', 'won', 'lost', 'tied'], ...changes], { indent: 2 }))
  terminal.print()
  const fusion = names.includes('keyword') ? ` Fusion: base ${report.fusion.base}, tuned ${report.fusion.tuned}.` : ''
  terminal.print(`  p: two-sided paired randomisation test.${fusion}`)
  const words = Object.entries(report.words).filter(([, share]) => share !== undefined)
  if (words.length > 0)
    terminal.print(`  Words in the vectors of documents with a picture: ${words.map(([name, share]) => `${name} ${share}`).join(', ')}.`)
}

/** What is said of it, of a picture its folder and its name. */
const nameOf = (item: Document | Query): string | undefined =>
  ('title' in item && item.title) || documentText(item) || item.image?.split(/[\\/]/).slice(-2).join('/')

/** Queries that the tuning won and lost most, with what is right for them. */
export function printExamples(report: ComparisonReport, data: RetrievalData, terminal: Terminal): void {
  const change = report.differences[0]
  if (!change) return
  const texts = new Map(data.corpus.map((document) => [document.id, nameOf(document)]))
  const qrels = data.qrels.get(report.split as 'test')
  for (const side of ['won', 'lost'] as const) {
    const examples = change.comparison.examples[side]
    terminal.print()
    terminal.print(
      `${side === 'won' ? 'Queries that were won' : 'Queries that were lost'} most (${report.metric}, ${change.baseline} → ${change.candidate})`,
    )
    if (examples.length === 0) terminal.print('  none')
    for (const { query, baseline, candidate } of examples) {
      const right = [...(qrels?.get(query) ?? [])].filter(([, grade]) => grade > 0).map(([id]) => texts.get(id) || id)
      const asked = data.queries.get(query)
      const text = (asked && nameOf(asked)) || query
      const half = Math.max(20, Math.floor((terminal.width - 24) / 2))
      terminal.print(`  ${figure(baseline)} → ${figure(candidate)}  ${clip(text, half)}  ⇒  ${clip(right.join(' | '), half)}`)
    }
  }
}
