import { seededRandom } from '@ms/core'
import type { MixPlan, Prepared } from '@ms/core/tensor'
import { nextTurn } from './next-turn.js'
import type { TrainOptions } from './train-options.js'

type Columns = readonly (readonly Prepared[])[]
type Mixing<Item, P extends Prepared> = Pick<TrainOptions<Item, P>, 'mix' | 'loss' | 'examples'> & {
  readonly settings: { readonly seed?: number }
}

/**
 * Mixes the examples of a batch where `mix` asks for it, all columns by one plan; what is drawn depends on the seed, the epoch and the batch,
 * so that a training that was resumed mixes the same.
 *
 * @returns the columns, and the plan where the loss has to know it
 */
export function batchMixer<Item, P extends Prepared>({ mix, loss, examples, settings: { seed = 1 } }: Mixing<Item, P>) {
  return async (epoch: number, batch: Int32Array, columns: Columns): Promise<{ readonly columns: Columns; readonly mix?: MixPlan }> => {
    if (!mix) return { columns }
    await nextTurn()
    const random = seededRandom(seed, `/mix/${epoch}/${batch[0]}`)
    const { labels } = examples
    const ofOneClass = labels && !loss.mixes ? Array.from(batch, (example) => labels[example]) : undefined
    const plan = mix.plan(batch.length, random, ofOneClass)
    // What an encoder has prepared is what its `mix` mixes.
    return { columns: columns.map((column) => mix.items(column as readonly P[], plan)), ...(loss.mixes ? { mix: plan } : {}) }
  }
}
