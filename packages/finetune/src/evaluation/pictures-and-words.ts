import { documentText, type Hit, MsError, type RetrievalData, type Run, rowProducts, topK, type Vectors } from '@ms/core'
import { type EmbedCorpusOptions, type EmbeddedCorpus, embedCorpus, type RetrievalEmbedder } from './embed-corpus.js'

/** A corpus by its pictures, and by the words that stand with them, in one space. */
export interface PicturesAndWords extends EmbeddedCorpus {
  /** Vectors of the words of documents that have a picture too: row i is of document `rows[i]`. Absent where there are none. */
  readonly words?: { readonly rows: readonly number[]; readonly vectors: Vectors }
}

/**
 * Embeds documents as `embedCorpus` does, and besides, where the model takes texts and pictures, the words of those that have a picture.
 * `withWords` makes one vector a document of the two.
 *
 * @example
 * ```ts
 * import type { RetrievalData } from '@ms/core'
 * import { embedPicturesAndWords, type RetrievalEmbedder, withWords } from '@ms/finetune'
 *
 * export async function vectorsOf(embedder: RetrievalEmbedder, data: RetrievalData) {
 *   return withWords(await embedPicturesAndWords(embedder, data), 0.5).vectors
 * }
 * ```
 */
export async function embedPicturesAndWords(
  embedder: RetrievalEmbedder,
  data: Pick<RetrievalData, 'corpus' | 'location'>,
  { signal, onProgress }: EmbedCorpusOptions = {},
): Promise<PicturesAndWords> {
  const { text, image } = 'embed' in embedder ? { text: embedder, image: undefined } : embedder
  const hasBoth = (document: RetrievalData['corpus'][number]) => document.image !== undefined && documentText(document).trim() !== ''
  const rows = text && image ? data.corpus.flatMap((document, i) => (hasBoth(document) ? [i] : [])) : []
  const total = data.corpus.length + rows.length
  const after = (before: number): EmbedCorpusOptions => ({
    signal,
    ...(onProgress ? { onProgress: ({ done, unit }) => onProgress({ done: before + done, total, unit }) } : {}),
  })
  const corpus = await embedCorpus(embedder, data, after(0))
  if (!text || rows.length === 0) return corpus
  const { vectors } = await embedCorpus(text, { corpus: rows.map((row) => data.corpus[row]) }, after(data.corpus.length))
  return { ...corpus, words: { rows, vectors } }
}

/**
 * One vector a document: where it has a picture and words, (1 − share) · picture + share · words. Texts and pictures are in one space, so a
 * query's product with it is the same mean of its products with the two, and any vector index finds by both at once. The sum is not
 * normalised: search it by dot product.
 *
 * @param share of the words, 0 (the picture alone) … 1
 * @throws `search.words` for another share
 */
export function withWords({ ids, vectors, words }: PicturesAndWords, share: number): EmbeddedCorpus {
  assertShare(share)
  if (!words || share === 0) return { ids, vectors }
  const { dim } = vectors
  const data = vectors.data.slice()
  for (const [i, row] of words.rows.entries()) {
    for (let j = 0; j < dim; j++) data[row * dim + j] = (1 - share) * data[row * dim + j] + share * words.vectors.data[i * dim + j]
  }
  return { ids, vectors: { ...vectors, data } }
}

/**
 * The exact runs of queries that are embedded already, one for each share: what `nearestRun` finds in `withWords(corpus, share)`, with each
 * product computed once.
 *
 * @param k hits a query
 * @throws `search.words` for a share below 0 or above 1
 */
export function nearestRunsByWords(asked: EmbeddedCorpus, corpus: PicturesAndWords, shares: readonly number[], k: number): Run[] {
  const { ids, vectors, words } = corpus
  for (const share of shares) assertShare(share)
  const runs = shares.map((): Map<string, Hit[]> => new Map())
  const mixed = new Float32Array(vectors.count)
  const ofWords = words && rowProducts(asked.vectors, words.vectors)
  let query = 0
  for (const scores of rowProducts(asked.vectors, vectors)) {
    const told = ofWords?.next().value
    for (const [i, share] of shares.entries()) {
      mixed.set(scores)
      if (words && told) for (const [w, row] of words.rows.entries()) mixed[row] = (1 - share) * scores[row] + share * told[w]
      const hits = topK(mixed, k).map((position) => ({ id: ids[position], score: mixed[position] }))
      runs[i].set(asked.ids[query], hits)
    }
    query++
  }
  return runs
}

function assertShare(share: number): void {
  if (share >= 0 && share <= 1) return
  throw new MsError('search.words', `the share of words is ${share}`, { advice: 'Give a number from 0 (pictures only) to 1.' })
}
