import {
  documentText,
  type Embedder,
  MsError,
  nearestRows,
  type OnProgress,
  type Qrels,
  type Query,
  type RetrievalData,
  type Run,
  type Vectors,
} from '@ms/core'

export interface RetrieveOptions {
  /** Hits a query. Default: 1000, the depth of TREC runs. */
  k?: number
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** Vectors of a corpus, in its order: made once and used for several splits. */
export interface EmbeddedCorpus {
  readonly ids: readonly string[]
  readonly vectors: Vectors
}

/** Embeds all documents of a data set. `[corpus.length, dim]` */
export async function embedCorpus(
  embedder: Embedder<string>,
  { corpus }: Pick<RetrievalData, 'corpus'>,
  { signal, onProgress }: Omit<RetrieveOptions, 'k'> = {},
): Promise<EmbeddedCorpus> {
  const vectors = await embedder.embed(corpus.map(documentText), { role: 'document', signal, onProgress })
  return { ids: corpus.map(({ id }) => id), vectors }
}

/** The queries of some judgements, in their order. @throws `data.unknown-id` when a query has no text */
export function judgedQueries(queries: ReadonlyMap<string, Query>, qrels: Qrels): { ids: string[]; texts: string[] } {
  const ids = [...qrels.keys()]
  const texts = ids.map((id) => {
    const text = queries.get(id)?.text
    if (text === undefined) throw new MsError('data.unknown-id', `the query "${id}" has no text`, { where: 'queries' })
    return text
  })
  return { ids, texts }
}

/**
 * The exact run of an embedder over the judged queries: dot products of its vectors, best first.
 *
 * @param corpus the data's documents, embedded by the same embedder
 */
export async function retrieve(
  embedder: Embedder<string>,
  corpus: EmbeddedCorpus,
  { queries, qrels }: { readonly queries: ReadonlyMap<string, Query>; readonly qrels: Qrels },
  { k = 1000, signal, onProgress }: RetrieveOptions = {},
): Promise<Run> {
  const { ids, texts } = judgedQueries(queries, qrels)
  const vectors = await embedder.embed(texts, { role: 'query', signal, onProgress })
  const found = nearestRows(vectors, corpus.vectors, k)
  return new Map(
    ids.map((id, i) => [id, found[i].positions.map((position, rank) => ({ id: corpus.ids[position], score: found[i].scores[rank] }))]),
  )
}
