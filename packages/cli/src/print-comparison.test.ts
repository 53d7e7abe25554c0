import type { Run } from '@ms/core'
import type { Comparison, Evaluation } from '@ms/finetune'
import { describe, expect, it } from 'vitest'
import { type ComparisonReport, printExamples, type SystemName, shownSystems } from './print-comparison.js'
import { createTerminal } from './terminal.js'

const names = ['keyword', 'base', 'tuned', 'hybrid-base', 'hybrid-tuned'] as const satisfies readonly SystemName[]
const every = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value])) as Record<SystemName, T>
const nothing: Evaluation = { queries: 2, metrics: {}, perQuery: {} }
const found: Run = new Map([
  ['q1', [{ id: 'd1', score: 1 }]],
  ['q2', []],
])
const empty: Run = new Map([
  ['q1', []],
  ['q2', []],
])

describe('printExamples', () => {
  it('names pictures that have no words by their folder and file', () => {
    const lines: string[] = []
    const terminal = { ...createTerminal({ json: false, quiet: true }), width: 120, print: (line = '') => lines.push(line) }
    const picture = (id: string) => ({ id, text: '', image: `/data/zoo/cat/${id}.png` })
    const example = { query: 'q1', baseline: 0.25, candidate: 1 }
    const comparison = { examples: { won: [example], lost: [] } } as unknown as Comparison
    const report = { split: 'test', metric: 'ndcg@10', differences: [{ candidate: 'tuned', baseline: 'base', comparison }] }
    printExamples(
      report as unknown as ComparisonReport,
      {
        kind: 'retrieval',
        name: 'zoo',
        corpus: [picture('d1'), { id: 'd2', text: 'a cat' }, { id: 'd3', text: '' }],
        queries: new Map([['q1', picture('q1')]]),
        qrels: new Map([['test', new Map([['q1', new Map(['d1', 'd2', 'd3'].map((id) => [id, 1]))]])]]),
      },
      terminal,
    )
    expect(lines.join('\n')).toContain('0.250 → 1.000  cat/q1.png  ⇒  cat/d1.png | a cat | d3')
  })
})

describe('shownSystems', () => {
  it('shows all where keywords find something for one query at least', () => {
    expect(shownSystems({ systems: every(nothing), runs: every(found) })).toEqual(names)
  })

  it('leaves out keyword search and what is fused with it where it finds nothing: pictures ask, or have no words', () => {
    expect(shownSystems({ systems: every(nothing), runs: { ...every(found), keyword: empty } })).toEqual(['base', 'tuned'])
  })
})
