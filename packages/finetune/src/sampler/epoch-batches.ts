import type { Random } from '@ms/core'

export interface BatchOptions {
  readonly batchSize: number
  /** Shuffles; the same source gives the same batches. */
  readonly random: Random
}

/** A batch that is shorter than this share is filled with examples that repeat something: the loss masks them. */
const leastShare = 0.5

/**
 * The batches of one epoch: every example once, in random order, and no item twice in one batch as far as that can be, since in-batch
 * negatives that are right teach the wrong thing. A last batch of a single example is left out.
 *
 * @param keys one array a column: examples with an equal key share an item; `''` is none
 * @returns positions of examples
 */
export function epochBatches(keys: readonly (readonly string[])[], { batchSize, random }: BatchOptions): Int32Array[] {
  const count = keys[0].length
  const order = random.shuffle(Array.from({ length: count }, (_, i) => i))
  const batches: Int32Array[] = []
  let waiting: number[] = []
  let next = 0
  while (next < count || waiting.length > 0) {
    const batch: number[] = []
    const present = new Set<string>()
    const later: number[] = []
    const offer = (example: number) => {
      if (keys.some((column) => column[example] !== '' && present.has(column[example]))) {
        later.push(example)
        return
      }
      for (const column of keys) present.add(column[example])
      batch.push(example)
    }
    let taken = 0
    for (; taken < waiting.length && batch.length < batchSize; taken++) offer(waiting[taken])
    later.push(...waiting.slice(taken))
    while (next < count && batch.length < batchSize) offer(order[next++])
    if (batch.length < batchSize * leastShare) batch.push(...later.splice(0, batchSize - batch.length))
    waiting = later
    if (batch.length > 1 || count === 1) batches.push(Int32Array.from(batch))
  }
  return batches
}
