import { documentText, type Embedder, type Examples, MsError, nearestRows, type OnProgress, type RetrievalData, type Split } from '@ms/core'
import { embedCorpus } from './embed-corpus.js'
import { judgedQueries } from './retrieve.js'

export interface MineOptions {
  /** Whose queries. Default: `train`. */
  split?: Split
  /** Negatives for each example. Default: 1. */
  count?: number
  /** Ranks that are looked at. Default: 50. */
  depth?: number
  /** First ranks passed over, where an unjudged document is most likely right. Default: 0. */
  skip?: number
  /**
   * A negative must score below `maxRelativeScore` × the positive's score: what scores as high is probably right but unjudged
   * (NV-Retriever, Moreira et al. 2024). Default: 0.95.
   */
  maxRelativeScore?: number
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Triplets from a retrieval data set: for each judged pair, the documents the model ranks highest that are not right.
 * A pair for which too few are found is left out.
 *
 * @returns columns: query, positive document, then `count` negatives
 * @throws `data.split`, `mine.nothing-found`
 */
export async function mineHardNegatives(embedder: Embedder<string>, data: RetrievalData, options: MineOptions = {}): Promise<Examples> {
  const { split = 'train', count = 1, depth = 50, skip = 0, maxRelativeScore = 0.95, signal, onProgress } = options
  const qrels = data.qrels.get(split)
  if (!qrels)
    throw new MsError('data.split', `there is no ${split} split`, {
      where: data.name,
      advice: `There are: ${[...data.qrels.keys()].join(', ')}.`,
    })
  const corpus = await embedCorpus(embedder, data, { signal, onProgress })
  const position = new Map(corpus.ids.map((id, i) => [id, i]))
  const { ids, texts } = judgedQueries(data.queries, qrels)
  const queries = await embedder.embed(texts, { role: 'query', signal })
  const found = nearestRows(queries, corpus.vectors, depth + skip)
  const columns: string[][] = Array.from({ length: 2 + count }, () => [])
  const { dim } = queries
  const score = (query: number, document: number) => {
    let sum = 0
    for (let i = 0; i < dim; i++) sum += queries.data[query * dim + i] * corpus.vectors.data[document * dim + i]
    return sum
  }
  for (const [query, id] of ids.entries()) {
    const grades = qrels.get(id) ?? new Map<string, number>()
    const positives = [...grades].filter(([, grade]) => grade > 0).map(([document]) => position.get(document) ?? -1)
    const right = new Set(positives.map((at) => documentText(data.corpus[at])))
    for (const positive of positives) {
      const bound = maxRelativeScore * score(query, positive)
      const negatives = found[query].positions
        .slice(skip)
        .filter((at, rank) => found[query].scores[rank + skip] < bound && corpus.ids[at] !== id)
        .map((at) => documentText(data.corpus[at]))
        .filter((text) => !right.has(text))
        .slice(0, count)
      if (negatives.length < count) continue
      for (const [column, text] of [texts[query], documentText(data.corpus[positive]), ...negatives].entries()) columns[column].push(text)
    }
  }
  if (columns[0].length === 0) {
    throw new MsError('mine.nothing-found', 'no pair has enough hard negatives', {
      where: data.name,
      advice: `Look deeper than ${depth} ranks, or raise the bound of ${maxRelativeScore}.`,
    })
  }
  return { kind: 'triplet', columns }
}
