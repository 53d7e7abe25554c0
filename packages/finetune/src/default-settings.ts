import type { Examples } from '@ms/core'
import type { Encoder, Prepared } from '@ms/core/tensor'
import { adam, adamw } from './optimizers/adam.js'
import { noDecayOnBiasAndNorm } from './optimizers/optimizer.js'
import { linear } from './schedules/schedule.js'
import type { TrainSettings } from './train/train-options.js'

/** Below this many examples batches are small, so that an epoch has enough steps, and there are more epochs. */
const fewExamples = 1000

/** A table has learnt what it can after about so many steps … */
const tableSteps = 400
/** … and at least and at most so many rounds; eight were better than five on three of four data sets, and ten hardly better than eight. */
const tableEpochs = { least: 4, most: 8 }

/** Root mean square of the entries of a table's rows that say anything: rows of zeros (unknown, padding) do not count. */
function rootMeanSquare(data: Float32Array): number {
  let [sum, count] = [0, 0]
  for (const value of data) {
    if (value === 0) continue
    sum += value * value
    count++
  }
  return count > 0 ? Math.sqrt(sum / count) : 1
}

/**
 * Settings that are good where nothing is known but the encoder and the number of examples. They were chosen on dev splits.
 *
 * - An encoder that is nothing but a table of token embeddings: Adam at 0.02 × the root mean square of the table's entries, since what a
 *   step means depends on how long the rows are; batches of 128, because more in-batch negatives cost almost nothing; linear decay; about
 *   400 steps, in 4 to 8 epochs. The best epoch on dev data is kept, so that a few too many do no harm. Scale 20, this rate and this batch
 *   were best or within 0.01 nDCG@10 of it on the dev splits of four collections (help pages in English and Chinese, news, WordNet).
 *   Small sets get no gentler ones: on collections of 440 to 700 pairs, half and a quarter of the rate (tried on four) and averages of
 *   tuned and untuned weights (on five) were within the noise of these or below them.
 * - A transformer: AdamW at 5e-5, batches of 32, warm-up over the first tenth, gradients clipped to norm 1, no decay of biases and
 *   normalisations, one epoch.
 */
export function defaultSettings<Item, P extends Prepared>(
  { parameters, lookups }: Pick<Encoder<Item, P>, 'parameters' | 'lookups'>,
  examples: Pick<Examples<Item>, 'columns'>,
): TrainSettings {
  const count = examples.columns[0]?.length ?? 0
  const few = count < fewExamples
  const tablesOnly = [...parameters.keys()].every((name) => Object.hasOwn(lookups, name))
  if (tablesOnly) {
    const [table] = parameters.values()
    const learningRate = 0.02 * (table ? rootMeanSquare(table.data) : 1)
    const batchSize = few ? 32 : 128
    const rounds = Math.round((tableSteps * batchSize) / Math.max(1, count))
    const epochs = Math.min(tableEpochs.most, Math.max(tableEpochs.least, rounds))
    return { epochs, batchSize, learningRate, optimizer: adam(), schedule: linear() }
  }
  return {
    epochs: few ? 2 : 1,
    batchSize: 32,
    learningRate: 5e-5,
    optimizer: adamw(),
    groups: [noDecayOnBiasAndNorm],
    schedule: linear({ warmup: 0.1 }),
    clip: 1,
  }
}
