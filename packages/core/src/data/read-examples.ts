import { parse } from 'csv-parse/sync'
import { MsError } from '../errors.js'
import type { Examples } from './examples.js'
import { jsonLines } from './json-lines.js'

type Row = { readonly fields: Record<string, unknown>; readonly at: string }

const anchorNames = ['anchor', 'query', 'question', 'sentence1', 'sentence_A', 'text1']
const positiveNames = ['positive', 'pos', 'document', 'answer', 'passage', 'sentence2', 'sentence_B', 'text2']
const scoreNames = ['score', 'similarity', 'similarity_score', 'label']
const itemNames = ['text', 'sentence', 'anchor']
const labelNames = ['label', 'class', 'category']
const isNegative = (name: string) => /^(negatives?|neg|hard_negatives?)([_-]?\d+)?$/.test(name)

function csvRows(bytes: Uint8Array, where: string, delimiter: ',' | '\t'): Row[] {
  try {
    const records: { record: Record<string, string>; info: { lines: number } }[] = parse(bytes, {
      bom: true,
      columns: true,
      delimiter,
      info: true,
      // Tab-separated files by custom do not quote: a quotation mark there is just a character.
      quote: delimiter === '\t' ? null : '"',
      skip_empty_lines: true,
    })
    return records.map(({ record, info }) => ({ fields: record, at: `${where}:${info.lines}` }))
  } catch (cause) {
    const line = (cause as { lines?: number }).lines
    throw new MsError('data.malformed', (cause as Error).message, { where: line ? `${where}:${line}` : where, cause })
  }
}

const pick = (names: readonly string[], row: Row) => names.find((name) => row.fields[name] !== undefined)

function text(row: Row, name: string): string {
  const value = row.fields[name]
  if (typeof value === 'string' && value.trim() !== '') return value
  throw new MsError('data.field', value === undefined ? `there is no "${name}"` : `"${name}" must be a text that is not empty`, {
    where: row.at,
  })
}

function negatives(row: Row): string[] {
  return Object.keys(row.fields)
    .filter(isNegative)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .flatMap((name) => {
      const value = row.fields[name]
      if (value === '' || value === null) return []
      const list = Array.isArray(value) ? value : [value]
      if (list.every((item): item is string => typeof item === 'string' && item.trim() !== '')) return list
      throw new MsError('data.field', `"${name}" must be a text or a list of texts`, { where: row.at })
    })
}

const numeric = (value: unknown) =>
  (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) && Number.isFinite(Number(value))

/**
 * Training examples from `.jsonl`, `.csv` or `.tsv` (with a header): pairs (`anchor`/`query` and `positive`/`document` …),
 * triplets (with `negative`, `negative_1` … or a list), scored pairs (with a numeric `score`), labelled texts (`text`, `label`).
 * Which of them is told by the first row's columns; every row must have the same.
 * @throws `data.malformed`, `data.field`, `data.columns`, `data.empty` naming file and line
 */
export function readExamples(bytes: Uint8Array, where: string): Examples {
  const rows: Row[] = /\.jsonl$/i.test(where)
    ? Array.from(jsonLines(bytes, where), ({ value, number }) => ({ fields: value, at: `${where}:${number}` }))
    : csvRows(bytes, where, /\.tsv$/i.test(where) ? '\t' : ',')
  const first = rows[0]
  if (!first)
    throw new MsError('data.empty', 'there is no example', { where, advice: 'One example a line, after the header in a .csv or .tsv.' })
  const positive = pick(positiveNames, first)
  const anchor = pick(anchorNames, first) ?? (positive ? pick(['text', 'sentence'], first) : undefined)
  if (anchor && positive) {
    const score = pick(scoreNames, first)
    if (score && numeric(first.fields[score])) {
      const scores = rows.map((row) => {
        if (numeric(row.fields[score])) return Number(row.fields[score])
        throw new MsError('data.field', `"${score}" must be a number`, { where: row.at })
      })
      return { kind: 'scored-pair', columns: [rows.map((row) => text(row, anchor)), rows.map((row) => text(row, positive))], scores }
    }
    const lists = rows.map(negatives)
    const width = lists[0].length
    const uneven = lists.findIndex((list) => list.length !== width)
    if (uneven >= 0) {
      throw new MsError('data.columns', `${lists[uneven].length} negatives where the first example has ${width}`, {
        where: rows[uneven].at,
        advice: 'Give every example the same number of negatives.',
      })
    }
    const columns = [rows.map((row) => text(row, anchor)), rows.map((row) => text(row, positive))]
    for (let i = 0; i < width; i++) columns.push(lists.map((list) => list[i]))
    return { kind: width > 0 ? 'triplet' : 'pair', columns }
  }
  const item = pick(itemNames, first)
  const label = pick(labelNames, first)
  if (item && label) {
    return { kind: 'labelled', columns: [rows.map((row) => text(row, item))], labels: rows.map((row) => String(row.fields[label] ?? '')) }
  }
  throw new MsError('data.columns', `the columns ${Object.keys(first.fields).join(', ')} are not training examples`, {
    where: first.at,
    advice: 'Name them anchor and positive (and negative), sentence1, sentence2 and score, or text and label.',
  })
}
