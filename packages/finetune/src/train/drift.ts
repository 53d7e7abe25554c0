import { normalizeRows, type Vectors } from '@ms/core'

/**
 * *Loss diff*, how far tuning has moved a model: the mean L2 distance between the normalised embeddings of the same items before and
 * after. 0 is no movement, √2 the distance of unrelated directions. It measures movement, not quality.
 *
 * @param before `[items, dim]` @param after the same items, in the same order
 */
export function drift(before: Vectors, after: Vectors): number {
  const unit = (all: Vectors) => normalizeRows({ ...all, data: all.data.slice() }).data
  const [a, b] = [unit(before), unit(after)]
  let total = 0
  for (let start = 0; start < a.length; start += before.dim) {
    let sum = 0
    for (let i = start; i < start + before.dim; i++) sum += (a[i] - b[i]) ** 2
    total += Math.sqrt(sum)
  }
  return before.count > 0 ? total / before.count : 0
}
