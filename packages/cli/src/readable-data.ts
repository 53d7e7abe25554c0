import { type Data, type ImageSource, MsError, pictureOf, type Qrels, type RetrievalData, type Split } from '@ms/core'
import type { Encoder } from '@ms/core/tensor'
import { type ReadableOptions, readableOnly } from './picture-documents.js'

/**
 * Data without what has a picture that cannot be read or is not there: examples, documents, queries and what is judged of them. What was left out is
 * said. Data without pictures, and any data where no encoder reads pictures, comes back as it is.
 *
 * @throws `data.empty` when nothing is left, the first `picture.*` error where it is strict
 */
export async function readableData<D extends Data>(
  data: D,
  encoder: Pick<Encoder<ImageSource>, 'processor'> | undefined,
  options: ReadableOptions,
): Promise<D> {
  const pictures = encoder ? [...new Set(picturesOf(data))] : []
  if (!encoder || pictures.length === 0) return data
  const kept = await readableOnly(
    pictures.map((image) => ({ image })),
    encoder,
    options,
  )
  if (kept.length === pictures.length) return data
  const readable = new Set(kept.map(({ image }) => image))
  return (data.kind === 'retrieval' ? retrievalOf(data, readable) : examplesOf(data, readable)) as D
}

function picturesOf(data: Data): string[] {
  if (data.kind !== 'retrieval') return data.columns.flatMap((column, c) => (data.modalities?.[c] === 'image' ? column : []))
  return [...data.corpus, ...data.queries.values()].flatMap(({ image }) => (image === undefined ? [] : [pictureOf(data, image)]))
}

function examplesOf(data: Exclude<Data, RetrievalData>, readable: ReadonlySet<string>): Exclude<Data, RetrievalData> {
  const { columns, modalities, labels, scores } = data
  const whole = (i: number) => columns.every((column, c) => modalities?.[c] !== 'image' || readable.has(column[i]))
  const rows = columns[0].flatMap((_, i) => (whole(i) ? [i] : []))
  if (rows.length === 0) throw new MsError('data.empty', 'every example has a picture that cannot be read', { where: data.name })
  const pick = <T>(all: readonly T[]) => rows.map((i) => all[i])
  return { ...data, columns: columns.map(pick), ...(labels ? { labels: pick(labels) } : {}), ...(scores ? { scores: pick(scores) } : {}) }
}

function retrievalOf(data: RetrievalData, readable: ReadonlySet<string>): RetrievalData {
  const whole = ({ image }: { readonly image?: string }) => image === undefined || readable.has(pictureOf(data, image))
  const corpus = data.corpus.filter(whole)
  const documents = new Set(corpus.map(({ id }) => id))
  const queries = new Map([...data.queries].filter(([, query]) => whole(query)))
  const qrels = new Map<Split, Qrels>()
  for (const [split, judged] of data.qrels) {
    const left = [...judged].map(([query, grades]) => [query, new Map([...grades].filter(([id]) => documents.has(id)))] as const)
    const kept = new Map(left.filter(([query, grades]) => queries.has(query) && grades.size > 0))
    // A split of which nothing is left is no split.
    if (kept.size > 0) qrels.set(split, kept)
  }
  return { ...data, corpus, queries, qrels }
}
