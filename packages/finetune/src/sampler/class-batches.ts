import { MsError, type Random } from '@ms/core'

export interface ClassBatchOptions {
  readonly batchSize: number
  /** Examples of a class in a batch. */
  readonly perClass: number
  readonly random: Random
}

/**
 * The batches of one epoch for losses that compare items of one class with each other (P × K batches, Hermans et al. 2017): each batch
 * holds `perClass` examples of each of `batchSize / perClass` classes. What is left of a class when it does not
 * divide evenly makes a smaller group of at least two. Every example comes once, but for a class with a single example (there is nothing
 * like it) and what is left of one class alone at the end of the epoch (there is nothing to tell it from).
 *
 * @returns positions of examples
 * @throws `train.no-examples` when no class has two examples, `train.settings` when a batch has no room for two classes
 */
export function classBatches(labels: readonly string[], { batchSize, perClass, random }: ClassBatchOptions): Int32Array[] {
  if (!(Number.isInteger(perClass) && perClass >= 2 && batchSize >= 2 * perClass)) {
    throw new MsError('train.settings', `batches of ${batchSize} have no room for ${perClass} examples of two classes`, {
      where: 'batchSize',
      advice: `Make batches of at least ${2 * perClass}.`,
    })
  }
  const groups = random.shuffle(groupsOf(labels, perClass, random))
  if (groups.length === 0) {
    throw new MsError('train.no-examples', 'every class has only one example', { advice: 'Give at least two examples of most classes.' })
  }
  const batches: Int32Array[] = []
  let waiting = groups
  while (waiting.length > 0) {
    const batch: number[] = []
    const present = new Set<string>()
    const later: number[][] = []
    for (const group of waiting) {
      const label = labels[group[0]]
      // Two groups of one class in a batch would give its classes unlike weights.
      if (present.has(label) || batch.length + group.length > batchSize) later.push(group)
      else {
        present.add(label)
        batch.push(...group)
      }
    }
    // A batch of one class has nothing to tell apart.
    if (present.size > 1 || batches.length === 0) batches.push(Int32Array.from(batch))
    waiting = later
  }
  return batches
}

function groupsOf(labels: readonly string[], perClass: number, random: Random): number[][] {
  const classes = new Map<string, number[]>()
  for (const [i, label] of labels.entries()) {
    const members = classes.get(label)
    if (members) members.push(i)
    else classes.set(label, [i])
  }
  const groups: number[][] = []
  for (const members of classes.values()) {
    const order = random.shuffle([...members])
    for (let start = 0; start < order.length; ) {
      // One left alone joins the group before it.
      const left = order.length - start
      const size = left === perClass + 1 ? perClass + 1 : Math.min(perClass, left)
      if (size > 1) groups.push(order.slice(start, start + size))
      start += size
    }
  }
  return groups
}
