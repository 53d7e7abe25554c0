import type { HostTensor, Inputs, Prepared, Processor, Tensors } from '@ms/core/tensor'
import { gatherRows } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

/**
 * A batch in groups of like length. Each group is padded to its own longest item only, and its matrices are small enough for the
 * processor's cache; the result is that of the whole batch.
 */
export interface LengthGroups {
  readonly count: number
  /** All groups' inputs, and the place of each item among the rows of the groups. */
  collate<P extends Prepared>(items: readonly P[], processor: Pick<Processor<never, P>, 'collate'>): Inputs
  /** `[items, dim]` in the order of the items, from the encoder's answer for each group. */
  forward(inputs: Tensors, encode: (group: Tensors) => tf.Tensor2D): tf.Tensor2D
  /** The names that an input of the encoder has in the groups. */
  namesOf(input: string): string[]
}

/** Tokens of a group: about what keeps the matrices of a small transformer in the cache. */
const groupTokens = 1024
/** More groups make a larger graph, which takes longer to be made ready than it saves. */
const mostGroups = 8

/** Into how many groups a batch is cut. @param cost of an item, on average */
export const groupCount = (items: number, cost: number): number =>
  Math.max(1, Math.min(mostGroups, items, Math.round((items * cost) / groupTokens)))

const places = 'places'

/**
 * Cuts batches into `count` groups of equally many items, so that there is one graph for all batches; a batch that cannot be cut
 * evenly is filled up with its cheapest item.
 */
export function lengthGroups(count: number): LengthGroups {
  if (count === 1) return wholeBatch
  const prefixes = Array.from({ length: count }, (_, group) => `group${group}/`)
  return {
    count,
    collate: (items, processor) => {
      const order = Array.from(items.keys()).sort((a, b) => items[b].cost - items[a].cost || a - b)
      const size = Math.ceil(items.length / count)
      const at = new Int32Array(items.length)
      for (const [place, item] of order.entries()) at[item] = place
      const inputs: Record<string, HostTensor> = { [places]: { shape: [items.length], data: at } }
      for (const [group, prefix] of prefixes.entries()) {
        const batch = Array.from({ length: size }, (_, i) => items[order[Math.min(group * size + i, items.length - 1)]])
        for (const [name, value] of Object.entries(processor.collate(batch))) inputs[prefix + name] = value
      }
      return inputs
    },
    forward: (inputs, encode) => {
      const parts = prefixes.map((prefix) => {
        const own = Object.entries(inputs).filter(([name]) => name.startsWith(prefix))
        return encode(Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])))
      })
      return gatherRows<tf.Tensor2D>(tf.concat2d(parts, 0), inputs[places])
    },
    namesOf: (input) => prefixes.map((prefix) => prefix + input),
  }
}

const wholeBatch: LengthGroups = {
  count: 1,
  collate: (items, processor) => processor.collate(items),
  forward: (inputs, encode) => encode(inputs),
  namesOf: (input) => [input],
}
