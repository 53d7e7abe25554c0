import type { Examples } from '@ms/core'
import type { Prepared } from '@ms/core/tensor'

/** Equal items have equal keys: texts by their content, other items by identity. From the third column on, `''` is no item and has the key `''`. */
export function itemKeys<Item>(columns: readonly (readonly Item[])[]): string[][] {
  const numbers = new Map<Item, string>()
  return columns.map((column, c) =>
    column.map((item) => {
      if (c > 1 && item === '') return ''
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

/** Anchor → all that is right for it, in any example. Undefined where examples have no anchors. */
export function positivesOf(keys: readonly (readonly string[])[], kind: Examples['kind']): Map<string, Set<string>> | undefined {
  if (kind !== 'pair' && kind !== 'triplet') return undefined
  const [anchors, ...others] = keys
  const positives = kind === 'pair' ? others : others.slice(0, 1)
  const right = new Map<string, Set<string>>()
  for (const [i, anchor] of anchors.entries()) {
    const known = right.get(anchor) ?? new Set()
    right.set(anchor, known)
    for (const column of positives) if (column[i] !== '') known.add(column[i])
  }
  return right
}

/** What a loss sees of a batch. */
export function examplesOf<Item>(batch: Int32Array, keys: readonly (readonly string[])[], { kind, scores, labels }: Examples<Item>) {
  const pick = <T>(all: readonly T[]) => Array.from(batch, (example) => all[example])
  return { kind, keys: keys.map(pick), ...(scores ? { scores: pick(scores) } : {}), ...(labels ? { labels: pick(labels) } : {}) }
}
