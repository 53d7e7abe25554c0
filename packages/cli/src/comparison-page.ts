import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { type Document, documentText, pictureOf, type Query, type RetrievalData } from '@ms/core'
import { type ReportInput, type Shown, type ShownQuery, type TrainEvent, trainingReport } from '@ms/finetune'
import { type ComparisonReport, type SystemName, shownMetrics, shownSystems } from './print-comparison.js'

export interface ComparisonPageOptions {
  readonly title: string
  readonly about?: string
  readonly facts?: ReportInput['facts']
  /** What the training told, where it is known. */
  readonly events?: readonly TrainEvent[]
  /** Queries that are shown besides those that were won and lost most; ids. */
  readonly queries?: readonly string[]
}

/** Results shown of a query. */
const depth = 5
/** The systems whose results are shown side by side. */
const columns: readonly SystemName[] = ['keyword', 'base', 'tuned']
/** Longest text shown of a document. */
const longest = 140

const mediaTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.gif': 'image/gif',
  '.svg': 'image/svg+xml',
}

/** A picture as part of the page; undefined for a file that is not there or of a kind that browsers do not show. */
async function inlined(path: string): Promise<string | undefined> {
  const type = mediaTypes[extname(path).toLowerCase()]
  const bytes = type === undefined ? undefined : await readFile(path).catch(() => undefined)
  return bytes && `data:${type};base64,${bytes.toString('base64')}`
}

async function shownOf(item: Document | Query | undefined, id: string, data: RetrievalData): Promise<Shown> {
  if (!item) return { text: id }
  const text = 'title' in item && item.title ? item.title : documentText(item)
  const image = item.image === undefined ? undefined : await inlined(pictureOf(data, item.image))
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text
  return { text: short || (image ? undefined : id), image }
}

/** The page of a comparison: the measurements, the queries won and lost most, and what keyword search, base and tuned found for each. */
export async function comparisonPage(report: ComparisonReport, data: RetrievalData, options: ComparisonPageOptions): Promise<string> {
  const documents = new Map(data.corpus.map((document) => [document.id, document]))
  const qrels = data.qrels.get(report.split as 'test')
  const [change] = report.differences
  const values = (system: SystemName) => report.systems[system].perQuery[report.metric as 'ndcg@10']
  const names = shownSystems(report)
  const asked = columns.filter((system) => names.includes(system))

  const show = async (id: string): Promise<ShownQuery> => {
    const right = new Set([...(qrels?.get(id) ?? [])].filter(([, grade]) => grade > 0).map(([document]) => document))
    const found = asked.map(async (system) => {
      // A picture that is asked with finds itself first; as in the figures, that is no result.
      const hits = (report.runs[system].get(id) ?? []).filter((hit) => hit.id !== id).slice(0, depth)
      return {
        system,
        results: await Promise.all(
          hits.map(async (hit) => ({ ...(await shownOf(documents.get(hit.id), hit.id, data)), right: right.has(hit.id) })),
        ),
      }
    })
    const [before, after] = (['base', 'tuned'] as const).map((system) => (values(system).get(id) ?? 0).toFixed(2))
    return {
      query: await shownOf(data.queries.get(id), id, data),
      right: await Promise.all([...right].slice(0, depth).map((document) => shownOf(documents.get(document), document, data))),
      found: await Promise.all(found),
      note: `${report.metric} ${before} → ${after}`,
    }
  }
  const group = async (heading: string, ids: readonly string[]) => ({ heading, queries: await Promise.all(ids.map(show)) })

  return trainingReport({
    title: options.title,
    about: options.about,
    facts: {
      ...options.facts,
      ...Object.fromEntries(
        Object.entries(report.words).flatMap(([name, share]) => (share === undefined ? [] : [[`words, ${name}`, share]])),
      ),
      ...(names.includes('keyword') ? { 'fusion, base': report.fusion.base, 'fusion, tuned': report.fusion.tuned } : {}),
    },
    events: options.events,
    measured: {
      queries: report.queries,
      split: report.split,
      metrics: shownMetrics,
      systems: Object.fromEntries(names.map((name) => [name, report.systems[name].metrics])),
      differences: report.differences
        .filter(({ candidate, baseline }) => names.includes(candidate) && names.includes(baseline))
        .map((difference) => ({ ...difference, metric: report.metric })),
    },
    queries: [
      await group('Queries', options.queries ?? []),
      await group(
        'Won most',
        change.comparison.examples.won.map(({ query }) => query),
      ),
      await group(
        'Lost most',
        change.comparison.examples.lost.map(({ query }) => query),
      ),
    ],
  })
}
