import { type ImageSource, MsError, normalizeRows, type RetrievalData, vectors } from '@ms/core'
import type { Encoder } from '@ms/core/tensor'
import { type EmbeddedCorpus, embedCorpus, type RetrievalEmbedder } from '../evaluation/embed-corpus.js'
import { evaluate, type MetricName } from '../evaluation/metrics.js'
import { embedQueries, nearestRun } from '../evaluation/retrieve.js'
import type { Metrics } from '../train/train-event.js'
import { type HeadedEncoder, withoutNormalize } from './append-module.js'
import { type LinearMap, prepareLda } from './fit-lda.js'
import { openKnownFeatures } from './known-features.js'
import { classesFrom, type LdaHeadOptions } from './lda-head.js'
import { appendLinear } from './linear-adapter.js'

export interface ChooseLdaHeadOptions<Item> extends Omit<LdaHeadOptions<Item>, 'shrinkage'> {
  /** Its dev queries choose. */
  dev: RetrievalData
  /** What is tried. Default: 0.1, 0.3, 1, 3, 10. */
  shrinkages?: readonly number[]
  /** The first one decides. Default: `ndcg@10`. */
  metrics?: readonly MetricName[]
}

/** An encoder with the head that dev likes best, or as it was. */
export interface ChosenHead<E> {
  readonly encoder: E
  /** Absent where dev is worse with each head, so that none is put on. */
  readonly shrinkage?: number
  /** Dev without a head. */
  readonly before: Metrics
  /** Dev with each of the heads. */
  readonly tried: readonly { readonly shrinkage: number; readonly metrics: Metrics }[]
}

/** What is searched at most: as deep as the metrics of training look. */
const depth = 100

/**
 * The head of `ldaHead` with the shrinkage that is best on dev queries, where it is not worse than no head. The encoder sees each item once,
 * however many shrinkages are tried.
 *
 * @throws `data.split` where there is no dev split, and what `ldaHead` throws
 */
export async function chooseLdaHead<E extends HeadedEncoder>(
  encoder: E,
  { examples, dev, dim, engine, features, signal, ...rest }: ChooseLdaHeadOptions<ImageSource>,
): Promise<ChosenHead<E>> {
  const { shrinkages = [0.1, 0.3, 1, 3, 10], metrics = ['ndcg@10'] } = rest
  const qrels = dev.qrels.get('dev')
  if (!qrels) throw new MsError('data.split', 'there is no dev split', { where: dev.name })
  const { items, labels } = classesFrom(examples)
  const modality = examples.modalities?.[0] ?? 'text'
  // What kind of items the encoder takes is what the examples say.
  const plain: Encoder<ImageSource> = withoutNormalize(encoder)
  const known = await openKnownFeatures(plain, { engine, features, oneRole: modality === 'image' })
  try {
    const fit = prepareLda(await known.embed(items, { role: 'document', signal }), labels)
    const embedder: RetrievalEmbedder = { [modality]: known }
    const corpus = await embedCorpus(embedder, dev, { signal })
    const asked = await embedQueries(embedder, { ...dev, qrels }, { signal })
    const measured = (map?: LinearMap) => evaluate(qrels, nearestRun(mapped(asked, map), mapped(corpus, map), depth), { metrics }).metrics
    const before = measured()
    const heads = shrinkages.map((shrinkage) => {
      signal?.throwIfAborted()
      const map = fit({ shrinkage, dim })
      return { shrinkage, map, metrics: measured(map) }
    })
    const [metric] = metrics
    const best = heads.reduce((one, other) => (other.metrics[metric] > one.metrics[metric] ? other : one))
    const kept = best.metrics[metric] >= before[metric]
    return {
      encoder: kept ? appendLinear(encoder, best.map) : encoder,
      ...(kept ? { shrinkage: best.shrinkage } : {}),
      before,
      tried: heads.map(({ shrinkage, metrics }) => ({ shrinkage, metrics })),
    }
  } finally {
    await known.dispose()
  }
}

/** Vectors of unit length, behind a linear map where there is one. */
function mapped({ ids, vectors: all }: EmbeddedCorpus, map: LinearMap | undefined): EmbeddedCorpus {
  if (!map) return { ids, vectors: normalizeRows({ ...all, data: all.data.slice() }) }
  const { weight, bias, inFeatures, outFeatures } = map
  const data = new Float32Array(all.count * outFeatures)
  for (let row = 0; row < all.count; row++) {
    for (let o = 0; o < outFeatures; o++) {
      let sum = bias[o]
      for (let i = 0, at = o * inFeatures, x = row * inFeatures; i < inFeatures; i++) sum += weight[at + i] * all.data[x + i]
      data[row * outFeatures + o] = sum
    }
  }
  return { ids, vectors: normalizeRows(vectors(data, all.count, outFeatures)) }
}
