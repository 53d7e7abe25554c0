import type { Comparison } from '../evaluation/compare.js'
import type { Metrics, TrainEvent } from '../train/train-event.js'
import { type Content, html, type Markup } from './html.js'
import { lineChart } from './line-chart.js'
import { styleSheet } from './style-sheet.js'

/** Something as a person sees it: words, a picture, or both. */
export interface Shown {
  readonly text?: string
  /** A picture as a `data:` URI, so that the page needs no other file. */
  readonly image?: string
}

/** What one system found. */
export interface ShownResult extends Shown {
  /** Whether it is one of the right answers. */
  readonly right: boolean
}

/** One query, and what several systems found for it. */
export interface ShownQuery {
  readonly query: Shown
  /** All that is right for it. */
  readonly right: readonly Shown[]
  /** Best first, a list a system. */
  readonly found: readonly { readonly system: string; readonly results: readonly ShownResult[] }[]
  /** `nDCG@10 0.00 → 0.63` */
  readonly note?: string
}

export interface ReportInput {
  readonly title: string
  /** A sentence about it. */
  readonly about?: string
  /** Settings, versions, data: shown as they are. */
  readonly facts?: Readonly<Record<string, string | number>>
  /** What `train()` told. */
  readonly events?: readonly TrainEvent[]
  /** Systems side by side. */
  readonly measured?: {
    readonly queries: number
    readonly split: string
    readonly systems: Readonly<Record<string, Metrics>>
    /** Which metrics, in order. */
    readonly metrics: readonly string[]
    readonly differences: readonly {
      readonly candidate: string
      readonly baseline: string
      readonly metric: string
      readonly comparison: Comparison
    }[]
  }
  /** Groups of queries under a heading: won, lost, of everyday. */
  readonly queries?: readonly { readonly heading: string; readonly queries: readonly ShownQuery[] }[]
}

const figure = (value: number | undefined) => (value === undefined ? '' : value.toFixed(3))
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

function training(events: readonly TrainEvent[]): Content {
  const steps = events.filter((event) => event.type === 'step')
  const epochs = events.filter((event) => event.type === 'epoch')
  const start = events.find((event) => event.type === 'start')
  const end = events.find((event) => event.type === 'end')
  const judged = events.filter((event) => event.type === 'evaluation')
  const metric = Object.keys(end?.metrics ?? start?.metrics ?? {}).find((name) => name.startsWith('ndcg')) ?? 'ndcg@10'
  const dev: [number, number][] = judged.map(({ step, metrics }) => [step, metrics[metric]])
  if (start?.metrics) dev.unshift([0, start.metrics[metric]])
  const drift = epochs.flatMap(({ step, lossDiff }): [number, number][] => (lossDiff === undefined ? [] : [[step, lossDiff]]))
  const kept = end && { x: end.bestStep, label: end.bestStep === 0 ? 'kept: the model as it came' : `kept: step ${end.bestStep}` }
  return html`<h2>Training</h2><div class="charts">
${steps.length > 0 ? html`<figure><figcaption>loss</figcaption>${lineChart([{ name: 'loss', points: steps.map(({ step, loss }) => [step, loss]) }], { along: 'step' })}</figure>` : undefined}
${dev.length > 0 ? html`<figure><figcaption>dev ${metric}</figcaption>${lineChart([{ name: metric, points: dev }], { along: 'step', mark: kept })}</figure>` : undefined}
${drift.length > 0 ? html`<figure><figcaption>loss diff: how far the embeddings have moved</figcaption>${lineChart([{ name: 'loss diff', points: [[0, 0], ...drift] }], { along: 'step' })}</figure>` : undefined}
</div>
${epochs.length > 0 ? html`<div class="wide"><table><tr><th>epoch</th><th>loss</th><th>loss diff</th><th>dev ${metric}</th><th>seconds</th></tr>${epochs.map((epoch) => html`<tr><td>${epoch.epoch}</td><td>${epoch.loss.toFixed(4)}</td><td>${epoch.lossDiff?.toFixed(4)}</td><td>${figure(epoch.metrics?.[metric])}</td><td>${epoch.seconds.toFixed(1)}</td></tr>`)}</table></div>` : undefined}
${end ? html`<p class="note">${end.steps} ${end.steps === 1 ? 'step' : 'steps'} in ${end.seconds.toFixed(1)} s; ${end.bestStep === 0 ? 'nothing was better on dev than the model as it came' : `step ${end.bestStep} was kept`}.</p>` : undefined}`
}

function measurements({ queries, split, systems, metrics, differences }: NonNullable<ReportInput['measured']>): Content {
  const best = new Map(metrics.map((metric) => [metric, Math.max(...Object.values(systems).map((values) => values[metric] ?? 0))]))
  const cell = (value: number | undefined, metric: string) =>
    html`<td class="${value === best.get(metric) ? 'best' : ''}" style="--part:${Math.max(0, Math.min(1, value ?? 0)).toFixed(4)}">${figure(value)}</td>`
  return html`<h2>Measured</h2><p class="note">${queries.toLocaleString('en')} queries of the ${split} split.</p>
<div class="wide"><table class="bars"><tr><th></th>${metrics.map((metric) => html`<th>${metric}</th>`)}</tr>${Object.entries(systems).map(([name, values]) => html`<tr><th scope="row">${name}</th>${metrics.map((metric) => cell(values[metric], metric))}</tr>`)}</table></div>
<div class="wide"><table><tr><th></th><th>difference</th><th>p</th><th>won</th><th>lost</th><th>tied</th></tr>${differences.map(
    ({ candidate, baseline, metric, comparison }) => {
      const { difference, pValue, won, lost, tied } = comparison
      const sure = pValue < 0.05 ? (difference > 0 ? 'better' : 'worse') : ''
      return html`<tr><th scope="row">${candidate} − ${baseline}, ${metric}</th><td class="${sure}">${signed(difference)}</td><td>${pValue < 0.001 ? '< 0.001' : figure(pValue)}</td><td>${won}</td><td>${lost}</td><td>${tied}</td></tr>`
    },
  )}</table></div><p class="note">p: two-sided paired randomisation test.</p>`
}

const shown = ({ text, image }: Shown): Markup =>
  html`${image === undefined ? undefined : html`<img src="${image}" alt="${text ?? ''}">`}${text === undefined ? undefined : html`<span>${text}</span>`}`

function queryRow({ query, right, found, note }: ShownQuery): Markup {
  return html`<section class="query"><div class="asked">${shown(query)}${note === undefined ? undefined : html`<p class="note">${note}</p>`}${right.length > 0 ? html`<p class="note">right:</p><div class="right-answers">${right.slice(0, 4).map(shown)}</div>` : undefined}</div>
${found.map(({ system, results }) => html`<div class="found"><h4>${system}</h4>${results.length === 0 ? html`<p class="none">nothing</p>` : html`<ol>${results.map((result) => html`<li class="${result.right ? 'hit' : ''}">${shown(result)}</li>`)}</ol>`}</div>`)}</section>`
}

/**
 * A page that shows a training, what it was worth, and what changed for single queries. One file: no script, no other file, nothing
 * from the network; whatever stands in the data is shown as text.
 *
 * @example
 * ```ts
 * import { trainingReport } from '@ms/finetune'
 *
 * const page: string = trainingReport({ title: 'My run', facts: { model: 'ms-mini-text' }, events: [] })
 * ```
 */
export function trainingReport({ title, about, facts = {}, events = [], measured, queries = [] }: ReportInput): string {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title><style>${{ markup: styleSheet }}</style></head><body><main>
<h1>${title}</h1>${about === undefined ? undefined : html`<p class="about">${about}</p>`}
${Object.keys(facts).length > 0 ? html`<dl>${Object.entries(facts).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>` : undefined}
${events.length > 0 ? training(events) : undefined}
${measured === undefined ? undefined : measurements(measured)}
${queries.filter((group) => group.queries.length > 0).map((group) => html`<h2>${group.heading}</h2>${group.queries.map(queryRow)}`)}
</main></body></html>
`
  return page.markup
}
