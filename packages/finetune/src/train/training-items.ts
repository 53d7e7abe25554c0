import type { Examples } from '@ms/core'
import type { Prepared } from '@ms/core/tensor'

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

/** What a loss sees of a batch. */
export function examplesOf<Item>(batch: Int32Array, keys: readonly (readonly string[])[], { scores, labels }: Examples<Item>) {
  const pick = <T>(all: readonly T[]) => Array.from(batch, (example) => all[example])
  return { keys: keys.map(pick), ...(scores ? { scores: pick(scores) } : {}), ...(labels ? { labels: pick(labels) } : {}) }
}
