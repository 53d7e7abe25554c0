import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { evaluate, type MetricName } from './metrics.js'

interface Golden {
  qrels: Record<string, Record<string, number>>
  run: Record<string, Record<string, number>>
  values: Record<string, Record<string, number>>
}
const golden: Golden = JSON.parse(readFileSync(new URL('../../golden/trec-eval.json', import.meta.url), 'utf8'))
const qrels = new Map(Object.entries(golden.qrels).map(([query, grades]) => [query, new Map(Object.entries(grades))]))
const run = new Map(Object.entries(golden.run).map(([query, hits]) => [query, Object.entries(hits).map(([id, score]) => ({ id, score }))]))

const sameAs: [MetricName, string][] = [
  ['ndcg@1', 'ndcg_cut_1'],
  ['ndcg@3', 'ndcg_cut_3'],
  ['ndcg@10', 'ndcg_cut_10'],
  ['recall@5', 'recall_5'],
  ['recall@10', 'recall_10'],
  ['recall@100', 'recall_100'],
  ['map', 'map'],
  ['map@10', 'map_cut_10'],
  ['precision@5', 'P_5'],
  ['hit@1', 'success_1'],
  ['hit@5', 'success_5'],
  ['mrr@1000', 'recip_rank'],
]

describe('evaluate', () => {
  it.each(sameAs)('%s is trec_eval’s %s, ties and grades included', (name, trec) => {
    const { perQuery } = evaluate(qrels, run, { metrics: [name] })
    for (const [query, values] of Object.entries(golden.values)) expect(perQuery[name].get(query), query).toBeCloseTo(values[trec], 6)
  })

  it('leaves the query’s own id out, in the run and among the judgements', () => {
    const judged = new Map([
      [
        'a',
        new Map([
          ['a', 1],
          ['b', 1],
        ]),
      ],
    ])
    const found = new Map([
      [
        'a',
        [
          { id: 'a', score: 1 },
          { id: 'b', score: 0.5 },
        ],
      ],
    ])
    expect(evaluate(judged, found).metrics).toMatchObject({ 'hit@1': 1, 'recall@10': 1, 'ndcg@10': 1, map: 1, 'map@r': 1 })
    expect(evaluate(judged, found, { ignoreIdenticalIds: false }).metrics['recall@10']).toBe(1)
    expect(evaluate(new Map([['a', new Map([['b', 1]])]]), found, { ignoreIdenticalIds: false }).metrics['hit@1']).toBe(0)
  })

  it('MAP@R looks at the first R ranks only', () => {
    const judged = new Map([
      [
        'q',
        new Map([
          ['a', 1],
          ['b', 1],
        ]),
      ],
    ])
    const hits = ['x', 'a', 'b'].map((id, rank) => ({ id, score: -rank }))
    expect(evaluate(judged, new Map([['q', hits]])).metrics['map@r']).toBeCloseTo(0.25)
  })

  it('counts a document found twice once, and a query that was not run as 0', () => {
    const judged = new Map([
      ['p', new Map([['a', 1]])],
      ['q', new Map([['a', 1]])],
    ])
    const found = new Map([
      [
        'p',
        [
          { id: 'a', score: 2 },
          { id: 'a', score: 1 },
        ],
      ],
    ])
    expect(evaluate(judged, found, { metrics: ['recall@10'] }).metrics['recall@10']).toBe(0.5)
  })

  it('does not count queries without a relevant document, and needs one that has', () => {
    const judged = new Map([
      ['p', new Map([['a', 1]])],
      ['q', new Map([['a', 0]])],
    ])
    expect(evaluate(judged, new Map()).queries).toBe(1)
    expect(() => evaluate(new Map([['q', new Map([['a', 0]])]]), new Map())).toThrow(
      expect.objectContaining({ code: 'evaluation.no-queries' }),
    )
  })

  it.each(['ndcg', 'ndcg@0', 'ndcg@x', 'constructor@3', 'mrr10'])('refuses the metric %s', (name) => {
    expect(() => evaluate(qrels, run, { metrics: [name as MetricName] })).toThrow(expect.objectContaining({ code: 'evaluation.metric' }))
  })
})
