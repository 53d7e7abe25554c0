import { type ImageSource, type Modality, MsError, type RetrievalData, type Split } from '@ms/core'
import type { Encoder, Engine } from '@ms/core/tensor'
import { createEmbedder, type OwnedEmbedder, type VectorCache, vectorCache } from '@ms/embed'
import type { RetrievalEmbedder } from '../evaluation/embed-corpus.js'
import { evaluate, type MetricName } from '../evaluation/metrics.js'
import { embedPicturesAndWords, nearestRunsByWords } from '../evaluation/pictures-and-words.js'
import { embedQueries } from '../evaluation/retrieve.js'
import type { Metrics } from './train-event.js'

export interface EvaluatorOptions<Item> {
  /** All encoders of the training, in the order they were given: more than one where columns have their own. */
  encoders: readonly Encoder<Item>[]
  signal?: AbortSignal
}

/** Measures an encoder as it is in the middle of training. */
export type Evaluator<Item> = (encoder: Encoder<Item>, options: EvaluatorOptions<Item>) => Promise<Metrics>

export interface RetrievalEvaluatorOptions {
  data: RetrievalData
  /** Default: `dev`. */
  split?: Split
  /** Encoders with `direct` need none. */
  engine?: Engine
  metrics?: readonly MetricName[]
  /** What the encoders of the training take, in their order. Default: texts. */
  modalities?: readonly Modality[]
  /** Keeps vectors from one measurement to the next, those of an encoder that is not trained above all. Default: one of its own. */
  cache?: VectorCache
}

/** Shares of the words that stand with pictures, of which the best is taken. */
const wordShares = [0, 0.25, 0.5, 0.75, 1]
const depth = 100

/**
 * Dense retrieval over a whole corpus, by texts or pictures; where documents have both and the model takes both, by both, with the share of the
 * words (of 0, ¼ … 1) that finds best by the first of the metrics.
 * @throws `data.split`, `data.modality`
 */
export function retrievalEvaluator<Item extends ImageSource = string>({
  data,
  split = 'dev',
  engine,
  metrics,
  modalities = ['text'],
  cache = vectorCache(),
}: RetrievalEvaluatorOptions): Evaluator<Item> {
  const qrels = data.qrels.get(split)
  if (!qrels) throw new MsError('data.split', `there is no ${split} split`, { where: data.name })
  return async (_, { encoders, signal }) => {
    const embedders: Partial<Record<Modality, OwnedEmbedder<ImageSource>>> = {}
    try {
      for (const [i, modality] of modalities.entries()) {
        // What kind of items an encoder takes is what `modalities` says.
        const encoder = encoders[Math.min(i, encoders.length - 1)] as Encoder<ImageSource>
        embedders[modality] ??= await createEmbedder(encoder, { engine, normalize: true, cache })
      }
      const embedder: RetrievalEmbedder = embedders
      const corpus = await embedPicturesAndWords(embedder, data, { signal })
      const asked = await embedQueries(embedder, { queries: data.queries, qrels, location: data.location }, { signal })
      const runs = nearestRunsByWords(asked, corpus, corpus.words ? wordShares : [0], depth)
      const found = runs.map((run) => evaluate(qrels, run, { metrics }).metrics)
      const [decisive] = metrics ?? Object.keys(found[0])
      return found.reduce((best, each) => (each[decisive as MetricName] > best[decisive as MetricName] ? each : best))
    } finally {
      for (const each of Object.values(embedders)) await each.dispose()
    }
  }
}
