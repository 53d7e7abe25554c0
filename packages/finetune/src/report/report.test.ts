import { describe, expect, it } from 'vitest'
import type { TrainEvent } from '../train/train-event.js'
import { html } from './html.js'
import { lineChart, ticks } from './line-chart.js'
import { trainingReport } from './report.js'

const events: TrainEvent[] = [
  { type: 'start', examples: 10, epochs: 2, steps: 4, batchSize: 5, trainable: 1, metrics: { 'ndcg@10': 0.4 }, resumedAt: 0 },
  ...[3, 2, 1.5, 1.2].map(
    (loss, i): TrainEvent => ({
      type: 'step',
      step: i + 1,
      steps: 4,
      epoch: 1,
      loss,
      learningRate: 0.1,
      gradientNorm: 1,
      examplesPerSecond: 9,
    }),
  ),
  { type: 'evaluation', step: 2, epoch: 1, metrics: { 'ndcg@10': 0.5 }, best: true },
  { type: 'epoch', epoch: 1, epochs: 2, step: 2, loss: 2.5, lossDiff: 0.08, metrics: { 'ndcg@10': 0.5 }, seconds: 1 },
  { type: 'end', steps: 4, reason: 'done', bestStep: 2, metrics: { 'ndcg@10': 0.5 }, lossDiff: 0.08, seconds: 2 },
]
const hostile = '<script>alert("x")</script>\'&'

describe('html', () => {
  it('escapes every value and leaves markup alone', () => {
    expect(html`<p title="${hostile}">${[html`<b>${1}</b>`, '<']}${undefined}</p>`.markup).toBe(
      '<p title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;"><b>1</b>&lt;</p>',
    )
  })
})

describe('ticks', () => {
  it.each([
    [0, 1, 4, [0, 0.5, 1]],
    [0, 870, 6, [0, 200, 400, 600, 800]],
    [-0.02, 0.03, 4, [-0.02, 0, 0.02]],
    [5, 5, 4, [5]],
  ])('from %d to %d are round', (least, most, count, expected) => {
    expect(ticks(least, most, count)).toEqual(expected)
  })
})

describe('lineChart', () => {
  it('draws one point, none, and numbers that are not finite', () => {
    expect(lineChart([{ name: 'a', points: [[1, 1]] }], { along: 'step' }).markup).toContain('<circle')
    expect(lineChart([{ name: 'a', points: [] }], { along: 'step' }).markup).toContain('nothing was measured')
    const { markup: short } = lineChart(
      [
        {
          name: 'a',
          points: [
            [0, 1],
            [1, 2],
          ],
        },
      ],
      { along: 'step' },
    )
    expect([...short.matchAll(/text-anchor="middle">([^<]*)</g)].map(([, tick]) => tick)).toEqual(['0', '1'])
    const { markup } = lineChart(
      [
        {
          name: 'a',
          points: [
            [1, 1],
            [2, Number.NaN],
            [3, 2],
          ],
        },
      ],
      { along: 'step' },
    )
    expect(markup).not.toContain('NaN')
  })
})

describe('trainingReport', () => {
  it('is one page that shows the training, the measurements and the queries', () => {
    const page = trainingReport({
      title: 'A run',
      facts: { model: 'm', seed: 1 },
      events,
      measured: {
        queries: 1200,
        split: 'test',
        metrics: ['ndcg@10'],
        systems: { base: { 'ndcg@10': 0.4 }, tuned: { 'ndcg@10': 0.5 } },
        differences: [
          {
            candidate: 'tuned',
            baseline: 'base',
            metric: 'ndcg@10',
            comparison: { queries: 1200, difference: 0.1, pValue: 0.0001, won: 9, lost: 1, tied: 2, examples: { won: [], lost: [] } },
          },
        ],
      },
      queries: [
        {
          heading: 'Won',
          queries: [
            {
              query: { text: 'cat', image: 'data:image/png;base64,AA==' },
              right: [{ text: 'Katze' }],
              found: [
                { system: 'base', results: [] },
                { system: 'tuned', results: [{ text: 'Katze', right: true }] },
              ],
            },
          ],
        },
      ],
    })
    for (const part of [
      'dev ndcg@10',
      'kept: step 2',
      '0.500',
      '1,200 queries',
      '+0.100',
      '&lt; 0.001',
      'data:image/png',
      'class="hit"',
      'nothing',
    ]) {
      expect(page).toContain(part)
    }
  })

  it('shows whatever stands in the data as text, and loads nothing', () => {
    const page = trainingReport({
      title: hostile,
      about: hostile,
      facts: { [hostile]: hostile },
      queries: [
        {
          heading: hostile,
          queries: [
            {
              query: { text: hostile, image: `x" onerror="${hostile}` },
              right: [],
              found: [{ system: hostile, results: [{ text: hostile, right: false }] }],
              note: hostile,
            },
          ],
        },
      ],
    })
    expect(page).not.toMatch(/<script|onerror="/)
    expect(page).toContain("default-src 'none'")
    expect(page).not.toMatch(/https?:/)
  })
})
