import type { Examples, Role } from '@ms/core'
import type { Encoder, Prepared } from '@ms/core/tensor'
import type { TrainingSide } from './training-sides.js'

const roleOf = (column: number): Role => (column === 0 ? 'query' : 'document')

/** Equal items have equal keys: texts by their content, other items by identity. */
export function itemKeys<Item>(columns: readonly (readonly Item[])[]): string[][] {
  const numbers = new Map<Item, string>()
  return columns.map((column) =>
    column.map((item) => {
      const known = numbers.get(item) ?? String(numbers.size)
      numbers.set(item, known)
      return known
    }),
  )
}

/** The items of least and of most cost. */
export function extremesOf<P extends Prepared>(items: readonly P[]): [P, P] {
  return items.reduce<[P, P]>(
    ([least, most], item) => [item.cost < least.cost ? item : least, item.cost > most.cost ? item : most],
    [items[0], items[0]],
  )
}

/** Of one item, on average. */
export const meanCost = (items: readonly Prepared[]): number => items.reduce((sum, { cost }) => sum + cost, 0) / Math.max(1, items.length)

/** Anchor → all that is right for it, in any example. */
export function positivesOf([anchors, positives]: readonly (readonly string[])[]): Map<string, Set<string>> {
  const right = new Map<string, Set<string>>()
  for (const [i, anchor] of anchors.entries()) right.set(anchor, (right.get(anchor) ?? new Set()).add(positives[i]))
  return right
}

const slice = 1024

/** Every item made ready once by its column's encoder, however many examples it is in. */
export async function prepareColumns<Item>(
  sides: readonly TrainingSide<Item>[],
  columns: readonly (readonly Item[])[],
  signal?: AbortSignal,
): Promise<Prepared[][]> {
  const result: Prepared[][] = []
  for (const side of sides) {
    const ready: Record<Role, Map<Item, Prepared>> = { query: new Map(), document: new Map() }
    for (const column of side.columns) {
      const role = roleOf(column)
      await prepareInto(ready[role], side.encoder, columns[column], role, signal)
      result[column] = columns[column].map((item) => ready[role].get(item)!)
    }
  }
  return result
}

async function prepareInto<Item>(
  known: Map<Item, Prepared>,
  { processor }: Encoder<Item, Prepared>,
  items: readonly Item[],
  role: Role,
  signal?: AbortSignal,
): Promise<void> {
  const fresh = [...new Set(items)].filter((item) => !known.has(item))
  for (let start = 0; start < fresh.length; start += slice) {
    signal?.throwIfAborted()
    const part = fresh.slice(start, start + slice)
    for (const [i, each] of (await processor.prepare(part, role)).entries()) known.set(part[i], each)
  }
}

/** What a loss sees of a batch. */
export function examplesOf<Item>(batch: Int32Array, keys: readonly (readonly string[])[], { scores, labels }: Examples<Item>) {
  const pick = <T>(all: readonly T[]) => Array.from(batch, (example) => all[example])
  return { keys: keys.map(pick), ...(scores ? { scores: pick(scores) } : {}), ...(labels ? { labels: pick(labels) } : {}) }
}
