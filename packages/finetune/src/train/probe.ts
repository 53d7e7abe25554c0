import type { Examples, Vectors } from '@ms/core'
import type { Encoder, Engine, Prepared } from '@ms/core/tensor'
import { createEmbedder } from '@ms/embed'
import { drift } from './drift.js'
import type { TrainingSide } from './training-sides.js'

const probeItems = 256

export interface ProbeOptions<Item> {
  readonly sides: readonly TrainingSide<Item>[]
  readonly examples: Examples<Item>
  /** Items of the last column instead of the examples' own. */
  readonly items?: readonly Item[]
  readonly engine: Engine
  readonly signal?: AbortSignal
}

/** Fixed items whose movement is measured: the loss diff. */
export interface Probe<Item> {
  /** The mean of `drift` over the encoders, from where they were when the probe was made. One encoder a side. */
  moved(encoders: readonly Encoder<Item, Prepared>[]): Promise<number>
}

/** The first 256 different items of the last column each encoder encodes. */
export async function openProbe<Item>({ sides, examples, items, engine, signal }: ProbeOptions<Item>): Promise<Probe<Item>> {
  const last = examples.columns.length - 1
  const probed = sides
    .map(({ columns }, side) => ({ side, column: columns[columns.length - 1] }))
    .filter(({ column }) => !items || column === last)
    .map(({ side, column }) => ({ side, items: items ?? [...new Set(examples.columns[column])].slice(0, probeItems) }))
  const embed = async (encoders: readonly Encoder<Item, Prepared>[]): Promise<Vectors[]> => {
    const result: Vectors[] = []
    for (const each of probed) {
      const embedder = await createEmbedder(encoders[each.side], { engine })
      try {
        result.push(await embedder.embed(each.items, { signal }))
      } finally {
        await embedder.dispose()
      }
    }
    return result
  }
  const before = await embed(sides.map(({ encoder }) => encoder))
  return {
    moved: async (encoders) => {
      const after = await embed(encoders)
      return after.reduce((sum, vectors, i) => sum + drift(before[i], vectors), 0) / after.length
    },
  }
}
