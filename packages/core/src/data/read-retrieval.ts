import { MsError } from '../errors.js'
import type { ModelFiles } from '../model-files.js'
import { idField, textField } from './fields.js'
import { jsonLines, type LinesOptions, textLines } from './json-lines.js'
import { picturePath } from './picture-path.js'
import type { Document, Qrels, Query, RetrievalData, Split } from './retrieval.js'

const splitFiles: Readonly<Record<Split, readonly string[]>> = {
  train: ['train'],
  dev: ['dev', 'val', 'valid', 'validation'],
  test: ['test'],
}

/** Documents of a `corpus.jsonl`: `_id` (or `id`), and `title`, `text`, `image` as far as they are there. */
export function readDocuments(bytes: Uint8Array, where: string, options: DocumentLinesOptions = {}): Document[] {
  const documents = [...documentLines(bytes, where, options)]
  if (documents.length === 0) throw new MsError('data.empty', 'there is no document', { where, advice: 'One JSON object a line.' })
  return documents
}

export interface DocumentLinesOptions extends LinesOptions {
  /** Ids so far and their lines, where a file is read in parts: this part's are added. */
  seen?: Map<string, number>
  /** Pictures may lie outside the folder of the file: in a collection, which was checked when it was made. Default: false. */
  picturesAnywhere?: boolean
}

/** The same one by one: a corpus of any size, in parts that end where a line ends. */
export function* documentLines(
  bytes: Uint8Array,
  where: string,
  { seen = new Map(), picturesAnywhere = false, ...options }: DocumentLinesOptions = {},
): Generator<Document> {
  for (const { value, number } of jsonLines(bytes, where, options)) {
    const at = `${where}:${number}`
    const id = idField(value, ['_id', 'id'], at)
    const first = seen.get(id)
    if (first !== undefined) throw duplicate(id, at, first)
    seen.set(id, number)
    const [title, text, image] = ['title', 'text', 'image'].map((name) => textField(value, name, at))
    if (title === undefined && text === undefined && image === undefined) {
      throw new MsError('data.field', 'there is neither "text" nor "title" nor "image"', { where: at })
    }
    if (image && !picturesAnywhere) picturePath('', image, at)
    yield { id, ...(title ? { title } : {}), ...(text === undefined ? {} : { text }), ...(image ? { image } : {}) }
  }
}

const duplicate = (id: string, at: string, first: number) =>
  new MsError('data.duplicate-id', `the id "${id}" was used before, on line ${first}`, {
    where: at,
    advice: 'Every id must be there once.',
  })

function readQueries(bytes: Uint8Array, where: string): Map<string, Query> {
  const lines = new Map<string, number>()
  const queries = new Map<string, Query>()
  for (const { value, number } of jsonLines(bytes, where)) {
    const at = `${where}:${number}`
    const id = idField(value, ['_id', 'id'], at)
    if (queries.has(id)) throw duplicate(id, at, lines.get(id) ?? 0)
    const text = textField(value, 'text', at)
    const image = textField(value, 'image', at)
    if (text === undefined && image === undefined) throw new MsError('data.field', 'there is neither "text" nor "image"', { where: at })
    if (image) picturePath('', image, at)
    queries.set(id, { id, ...(text === undefined ? {} : { text }), ...(image ? { image } : {}) })
    lines.set(id, number)
  }
  if (queries.size === 0) throw new MsError('data.empty', 'there is no query', { where })
  return queries
}

/** BEIR's `query-id⇥corpus-id⇥score` with a header line, or trec's four columns `query 0 document grade`. */
function readQrels(
  bytes: Uint8Array,
  where: string,
  known: { documents: ReadonlySet<string>; queries: ReadonlyMap<string, Query> },
): Qrels {
  const qrels = new Map<string, Map<string, number>>()
  for (const { value, number } of textLines(bytes, where)) {
    const at = `${where}:${number}`
    const columns = value.split('\t')
    const trec = columns.length === 4
    const [query, document, grade] = trec ? [columns[0], columns[2], columns[3]] : columns
    if (columns.length < 3 || columns.length > 4) {
      throw new MsError('data.malformed', `${columns.length} columns instead of 3`, {
        where: at,
        advice: 'query-id, corpus-id and score, with tabs between them.',
      })
    }
    const score = Number(grade)
    if (grade.trim() === '' || !Number.isFinite(score)) {
      if (number === 1) continue // the header
      throw new MsError('data.malformed', `the score "${grade}" is not a number`, { where: at })
    }
    if (!known.queries.has(query)) throw unknown('query', query, at, 'queries.jsonl')
    if (!known.documents.has(document)) throw unknown('document', document, at, 'corpus.jsonl')
    const grades = qrels.get(query) ?? new Map<string, number>()
    grades.set(document, score)
    qrels.set(query, grades)
  }
  if (qrels.size === 0) throw new MsError('data.empty', 'there is no judgement', { where })
  return qrels
}

const unknown = (what: string, id: string, at: string, file: string) =>
  new MsError('data.unknown-id', `there is no ${what} "${id}" in ${file}`, { where: at, advice: 'Remove the line or add what it names.' })

/**
 * A BEIR directory: `corpus.jsonl`, `queries.jsonl`, `qrels/{train,dev,test}.tsv`.
 * @throws `data.malformed`, `data.field`, `data.duplicate-id`, `data.unknown-id`, `data.empty`, `data.encoding` naming file and line
 */
export async function readRetrievalData(files: ModelFiles): Promise<RetrievalData> {
  const where = (name: string) => `${files.location}/${name}`
  const present = new Set(await files.list())
  const corpus = readDocuments(await files.read('corpus.jsonl'), where('corpus.jsonl'))
  const queries = readQueries(await files.read('queries.jsonl'), where('queries.jsonl'))
  const documents = new Set(corpus.map((document) => document.id))
  const qrels = new Map<Split, Qrels>()
  for (const split of ['train', 'dev', 'test'] as const) {
    const name = splitFiles[split].map((candidate) => `qrels/${candidate}.tsv`).find((candidate) => present.has(candidate))
    if (name) qrels.set(split, readQrels(await files.read(name), where(name), { documents, queries }))
  }
  if (qrels.size === 0) {
    throw new MsError('data.empty', 'there are no judgements', {
      where: files.location,
      advice: 'Put them into qrels/test.tsv (and qrels/train.tsv to train).',
    })
  }
  return {
    kind: 'retrieval',
    location: files.location,
    name:
      files.location
        .replace(/[\\/]+$/, '')
        .split(/[\\/]/)
        .pop() ?? 'data',
    corpus,
    queries,
    qrels,
  }
}
