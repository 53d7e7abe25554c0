import { MsError, type RetrievalData, type Split } from '@ms/core'
import type { Encoder, Engine, Prepared } from '@ms/core/tensor'
import { createEmbedder } from '@ms/embed'
import { evaluate, type MetricName } from '../evaluation/metrics.js'
import { embedCorpus, retrieve } from '../evaluation/retrieve.js'
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
}

/** Dense retrieval over a whole corpus. @throws `data.split` */
export function retrievalEvaluator({ data, split = 'dev', engine, metrics }: RetrievalEvaluatorOptions): Evaluator<string> {
  const qrels = data.qrels.get(split)
  if (!qrels) throw new MsError('data.split', `there is no ${split} split`, { where: data.name })
  return async <P extends Prepared>(encoder: Encoder<string, P>, { signal }: { signal?: AbortSignal }) => {
    const embedder = await createEmbedder(encoder, { engine, normalize: true })
    try {
      const corpus = await embedCorpus(embedder, data, { signal })
      const run = await retrieve(embedder, corpus, { queries: data.queries, qrels }, { k: 100, signal })
      return evaluate(qrels, run, { metrics }).metrics
    } finally {
      await embedder.dispose()
    }
  }
}
