import { parse } from 'csv-parse/sync'
import { MsError } from '../errors.js'
import type { Examples, Modality } from './examples.js'
import { jsonLines } from './json-lines.js'
import { picturePath } from './picture-path.js'

type Row = { readonly fields: Record<string, unknown>; readonly at: string }

const anchorNames = ['anchor', 'query', 'question', 'sentence1', 'sentence_A', 'text1', 'anchor_image', 'query_image', 'image1']
const positiveNames = [
  ...['positive', 'pos', 'document', 'answer', 'passage', 'sentence2', 'sentence_B', 'text2'],
  ...['positive_image', 'document_image', 'image2'],
]
const scoreNames = ['score', 'similarity', 'similarity_score', 'label']
const itemNames = ['text', 'sentence', 'anchor', 'image']
const labelNames = ['label', 'class', 'category']
const isNegative = (name: string) => /^(negatives?|neg|hard_negatives?)(_images?)?([_-]?\d+)?$/.test(name)
/** Columns of pictures say so in their name. */
const modalityOf = (name: string): Modality => (/(^|_)images?([_-]?\d+)?$/.test(name) ? 'image' : 'text')

function csvRows(bytes: Uint8Array, where: string, delimiter: ',' | '\t'): Row[] {
  try {
    const records: { record: Record<string, string>; info: { lines: number } }[] = parse(bytes, {
      bom: true,
      columns: true,
      delimiter,
      info: true,
      // Tab-separated files by custom do not quote: a quotation mark there is just a character.
      quote: delimiter === '\t' ? null : '"',
      // A file may be put together from others.
      record_delimiter: ['\r\n', '\n', '\r'],
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
 *
 * Pictures stand in columns whose names say so: `image` with `label`, `anchor_image` and `positive_image`, `negative_image_1`, or `text`
 * with `image`, which is a pair of a text and its picture. They are paths relative to the file, and come back as paths from where it lies.
 * @throws `data.malformed`, `data.field`, `data.columns`, `data.empty`, `data.path` naming file and line
 */
export function readExamples(bytes: Uint8Array, where: string): Examples {
  const table = readTable(bytes, where)
  const modalities = table.names.map(modalityOf)
  if (modalities.every((modality) => modality === 'text')) return table.examples
  const folder = where.includes('/') ? where.slice(0, where.lastIndexOf('/')) : '.'
  const columns = table.examples.columns.map((column, c) =>
    modalities[c] === 'text' ? column : column.map((name, i) => picturePath(folder, name, table.at[i])),
  )
  return { ...table.examples, columns, modalities, location: folder }
}

/** Examples as they stand in a table, with the names of their columns and the lines of their rows. */
interface Table {
  readonly examples: Examples
  readonly names: readonly string[]
  readonly at: readonly string[]
}

function readTable(bytes: Uint8Array, where: string): Table {
  const rows: Row[] = /\.jsonl$/i.test(where)
    ? Array.from(jsonLines(bytes, where), ({ value, number }) => ({ fields: value, at: `${where}:${number}` }))
    : csvRows(bytes, where, /\.tsv$/i.test(where) ? '\t' : ',')
  const first = rows[0]
  if (!first)
    throw new MsError('data.empty', 'there is no example', { where, advice: 'One example a line, after the header in a .csv or .tsv.' })
  const at = rows.map((row) => row.at)
  const label = pick(labelNames, first)
  // A text and its picture, without another name for either.
  const captioned = !label && pick(['text', 'sentence', 'anchor', 'query'], first) !== undefined && first.fields['image'] !== undefined
  const positive = pick(positiveNames, first) ?? (captioned ? 'image' : undefined)
  const anchor = pick(anchorNames, first) ?? (positive ? pick(['text', 'sentence'], first) : undefined)
  if (anchor && positive) {
    const score = pick(scoreNames, first)
    if (score && numeric(first.fields[score])) {
      const scores = rows.map((row) => {
        if (numeric(row.fields[score])) return Number(row.fields[score])
        throw new MsError('data.field', `"${score}" must be a number`, { where: row.at })
      })
      const columns = [rows.map((row) => text(row, anchor)), rows.map((row) => text(row, positive))]
      return { examples: { kind: 'scored-pair', columns, scores }, names: [anchor, positive], at }
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
    const negative = Object.keys(first.fields).find(isNegative) ?? 'negative'
    return { examples: { kind: width > 0 ? 'triplet' : 'pair', columns }, names: [anchor, positive, ...Array(width).fill(negative)], at }
  }
  const item = pick(itemNames, first)
  if (item && label) {
    const labels = rows.map((row) => String(row.fields[label] ?? ''))
    return { examples: { kind: 'labelled', columns: [rows.map((row) => text(row, item))], labels }, names: [item], at }
  }
  throw new MsError('data.columns', `the columns ${Object.keys(first.fields).join(', ')} are not training examples`, {
    where: first.at,
    advice: 'Name them anchor and positive (and negative), sentence1, sentence2 and score, text and label, or image and label.',
  })
}
