import type { Role } from '@ms/core'
import type { Encoder, Prepared } from '@ms/core/tensor'
import { type Augmentation, augmentRandom } from '../augment/augment.js'
import { nextTurn } from './next-turn.js'
import type { TrainingSide } from './training-sides.js'

const roleOf = (column: number): Role => (column === 0 ? 'query' : 'document')

/** How the items of each column are varied; undefined: not at all. */
export type ColumnAugmentations<Item> = readonly (Augmentation<Item, Prepared> | undefined)[]

export interface ItemSourceOptions<Item> {
  readonly sides: readonly TrainingSide<Item>[]
  readonly columns: readonly (readonly Item[])[]
  readonly augment: ColumnAugmentations<Item>
  readonly seed: number
  readonly signal?: AbortSignal
}

/** Items made ready for the encoders of their columns. */
export interface ItemSource {
  /** One array a column: what these examples are in this epoch. The same for a training that was resumed. */
  batch(epoch: number, examples: Int32Array): Promise<Prepared[][]>
  /** Some items of each column, to judge by how large they are. */
  readonly samples: readonly (readonly Prepared[])[]
}

/** Bytes of prepared items that are kept; of more than that, each batch is made ready when its turn comes. */
const mostBytes = 2 ** 30
/** Items that are made ready without a pause. */
const slice = 1024
const sampleItems = 64

/** Makes items ready: once, however many examples they are in, where they fit into memory. */
export async function openItems<Item>(options: ItemSourceOptions<Item>): Promise<ItemSource> {
  const { sides, columns, augment, seed, signal } = options
  const encoders: Encoder<Item, Prepared>[] = []
  for (const { encoder, columns: own } of sides) for (const column of own) encoders[column] = encoder
  const kept = await prepareSides(sides, columns, signal)
  const samples = await Promise.all(
    columns.map((items, column) =>
      kept[column]
        ? items.map((item) => kept[column]!.get(item)!)
        : encoders[column].processor.prepare([...new Set(items)].slice(0, sampleItems), roleOf(column)),
    ),
  )

  const column = async (epoch: number, at: number, examples: Int32Array): Promise<Prepared[]> => {
    const { item: vary, prepared: varyPrepared } = augment[at] ?? {}
    const randoms = augment[at] ? Array.from(examples, (example) => augmentRandom(seed, { epoch, example, column: at })) : []
    const items = Array.from(examples, (example) => columns[at][example])
    if (vary) await nextTurn()
    const known = vary ? undefined : kept[at]
    const ready = known
      ? items.map((item) => known.get(item)!)
      : await encoders[at].processor.prepare(vary ? items.map((item, i) => vary(item, randoms[i])) : items, roleOf(at))
    if (!varyPrepared) return ready
    await nextTurn()
    return ready.map((each, i) => varyPrepared(each, randoms[i]))
  }
  return { samples, batch: (epoch, examples) => Promise.all(columns.map((_, at) => column(epoch, at, examples))) }
}

type Known<Item> = Map<Item, Prepared>

/** What is kept of each column; undefined: it is too large. */
async function prepareSides<Item>(
  sides: readonly TrainingSide<Item>[],
  columns: readonly (readonly Item[])[],
  signal?: AbortSignal,
): Promise<(Known<Item> | undefined)[]> {
  const result: (Known<Item> | undefined)[] = []
  for (const side of sides) {
    const ready: Record<Role, Known<Item>> = { query: new Map(), document: new Map() }
    for (const column of side.columns) {
      const role = roleOf(column)
      const fits = await prepareInto(ready[role], side.encoder, columns[column], role, signal)
      result[column] = fits ? ready[role] : undefined
    }
  }
  return result
}

/** @returns whether all of them fit into memory */
async function prepareInto<Item>(
  known: Known<Item>,
  { processor }: Encoder<Item, Prepared>,
  items: readonly Item[],
  role: Role,
  signal?: AbortSignal,
): Promise<boolean> {
  const fresh = [...new Set(items)].filter((item) => !known.has(item))
  for (let start = 0; start < fresh.length; start += slice) {
    signal?.throwIfAborted()
    const part = fresh.slice(start, start + slice)
    const prepared = await processor.prepare(part, role)
    if (bytesOf(prepared[0]) * fresh.length > mostBytes) return false
    for (const [i, each] of prepared.entries()) known.set(part[i], each)
  }
  return true
}

const bytesOf = (prepared: Prepared): number =>
  Object.values(prepared).reduce((sum, value) => sum + (ArrayBuffer.isView(value) ? value.byteLength : 0), 0)
