import type { Examples, Role } from '@ms/core'
import type { Encoder, Prepared } from '@ms/core/tensor'

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

/** Anchor → all that is right for it, in any example. */
export function positivesOf([anchors, positives]: readonly (readonly string[])[]): Map<string, Set<string>> {
  const right = new Map<string, Set<string>>()
  for (const [i, anchor] of anchors.entries()) right.set(anchor, (right.get(anchor) ?? new Set()).add(positives[i]))
  return right
}

/** Every item made ready once, however many examples it is in. */
export async function prepareColumns<Item, P extends Prepared>(
  encoder: Encoder<Item, P>,
  columns: readonly (readonly Item[])[],
  signal?: AbortSignal,
): Promise<P[][]> {
  const ready: Record<Role, Map<Item, P>> = { query: new Map(), document: new Map() }
  const slice = 1024
  for (const [column, items] of columns.entries()) {
    const known = ready[roleOf(column)]
    const fresh = [...new Set(items)].filter((item) => !known.has(item))
    for (let start = 0; start < fresh.length; start += slice) {
      signal?.throwIfAborted()
      const part = fresh.slice(start, start + slice)
      for (const [i, each] of (await encoder.processor.prepare(part, roleOf(column))).entries()) known.set(part[i], each)
    }
  }
  return columns.map((items, column) => items.map((item) => ready[roleOf(column)].get(item)!))
}

/** What a loss sees of a batch. */
export function examplesOf<Item>(batch: Int32Array, keys: readonly (readonly string[])[], { scores, labels }: Examples<Item>) {
  const pick = <T>(all: readonly T[]) => Array.from(batch, (example) => all[example])
  return { keys: keys.map(pick), ...(scores ? { scores: pick(scores) } : {}), ...(labels ? { labels: pick(labels) } : {}) }
}
