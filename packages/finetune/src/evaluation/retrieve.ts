import { MsError, nearestRows, type Qrels, type Query, type RetrievalData, type Run } from '@ms/core'
import {
  type Content,
  type EmbedCorpusOptions,
  type EmbeddedCorpus,
  embedContents,
  imageOf,
  type RetrievalEmbedder,
} from './embed-corpus.js'

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

/** The depth of TREC runs. */
const runDepth = 1000

export interface RetrieveOptions extends EmbedCorpusOptions {
  /** Hits a query. Default: 1000, the depth of TREC runs. */
  k?: number
}

/** The judged queries of a data set. */
export type JudgedQueries = Pick<RetrievalData, 'queries' | 'location'> & { readonly qrels: Qrels }

/** Embeds the judged queries: vectors `[qrels.size, dim]`. @throws `data.unknown-id` when a query has neither text nor picture */
export async function embedQueries(
  embedder: RetrievalEmbedder,
  { queries, qrels, location }: JudgedQueries,
  { signal, onProgress }: EmbedCorpusOptions = {},
): Promise<EmbeddedCorpus> {
  const ids = [...qrels.keys()]
  const contents = ids.map((id): Content => {
    const query = queries.get(id)
    if (query?.text === undefined && query?.image === undefined) {
      throw new MsError('data.unknown-id', `the query "${id}" has neither text nor picture`, { where: 'queries' })
    }
    return { id, text: query.text, image: imageOf(query, { location }) }
  })
  return { ids, vectors: await embedContents(embedder, contents, { role: 'query', signal, onProgress }) }
}

/** The exact run of queries that are embedded already: dot products, best first, `k` a query. */
export function nearestRun(asked: EmbeddedCorpus, corpus: EmbeddedCorpus, k = runDepth): Run {
  const found = nearestRows(asked.vectors, corpus.vectors, k)
  return new Map(
    asked.ids.map((id, i) => [
      id,
      found[i].positions.map((position, rank) => ({ id: corpus.ids[position], score: found[i].scores[rank] })),
    ]),
  )
}

/**
 * The exact run of an embedder over the judged queries: dot products of its vectors, best first.
 *
 * @param corpus the data's documents, embedded by the same embedder
 */
export async function retrieve(
  embedder: RetrievalEmbedder,
  corpus: EmbeddedCorpus,
  judged: JudgedQueries,
  { k, ...options }: RetrieveOptions = {},
): Promise<Run> {
  return nearestRun(await embedQueries(embedder, judged, options), corpus, k)
}
