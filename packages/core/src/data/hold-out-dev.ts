import type { Qrels, RetrievalData } from './retrieval.js'
import { splitByHash } from './split-by-hash.js'

/** With fewer training queries than this nothing is held out: they are worth more for training. */
const least = 100

/**
 * The same data with a dev split: where there is none, about a tenth of the training queries, chosen by hash, becomes it.
 * Data that has a dev split, or fewer than 100 training queries, comes back as it is.
 */
export async function holdOutDev(data: RetrievalData): Promise<RetrievalData> {
  const train = data.qrels.get('train')
  if (!train || data.qrels.has('dev') || train.size < least) return data
  const parts = { dev: new Map<string, ReadonlyMap<string, number>>(), train: new Map<string, ReadonlyMap<string, number>>() }
  for (const [query, grades] of train) {
    const part = (await splitByHash('hold-out-dev', query)) === 'dev' ? 'dev' : 'train'
    parts[part].set(query, grades)
  }
  if (parts.dev.size === 0) return data
  const qrels = new Map<'train' | 'dev' | 'test', Qrels>(data.qrels)
  return { ...data, qrels: qrels.set('train', parts.train).set('dev', parts.dev) }
}
