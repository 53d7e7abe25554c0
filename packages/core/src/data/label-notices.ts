import type { Examples } from './examples.js'

/** Something about data that its user should know; nothing is wrong with it. */
export interface DataNotice {
  /** Stable, dotted: `data.labels-case`. */
  readonly code: string
  readonly message: string
}

const shown = (names: readonly string[]) => names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '')

/** What is suspicious about labels: classes of a single item, and classes that differ in case or spaces only. */
export function labelNotices({ labels = [] }: Pick<Examples<unknown>, 'labels'>): DataNotice[] {
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  const alike = new Map<string, string[]>()
  for (const label of counts.keys()) {
    const folded = label.normalize('NFKC').trim().toLowerCase()
    alike.set(folded, (alike.get(folded) ?? []).concat(label))
  }
  const single = [...counts].filter(([, count]) => count === 1).map(([label]) => label)
  const colliding = [...alike.values()].filter((group) => group.length > 1).map((group) => group.join(' / '))
  return [
    ...(single.length > 0
      ? [
          {
            code: 'data.single-item-class',
            message: `${single.length === 1 ? 'one class has' : `${single.length} classes have`} one item only, which is like no other: ${shown(single)}`,
          },
        ]
      : []),
    ...(colliding.length > 0
      ? [
          {
            code: 'data.labels-case',
            message: `classes that differ in case or spaces only are taken for different ones: ${shown(colliding)}`,
          },
        ]
      : []),
  ]
}
