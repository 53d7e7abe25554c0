import type { Inputs } from '@ms/core/tensor'

/**
 * Which items of a batch are of one class, `[batch, batch]` float32: `same` with the item itself, `positive` without it.
 */
export function sameClass(labels: readonly string[]): Inputs & { readonly same: Inputs[string]; readonly positive: Inputs[string] } {
  const count = labels.length
  const same = new Float32Array(count * count)
  for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) if (labels[i] === labels[j]) same[i * count + j] = 1
  const positive = same.slice()
  for (let i = 0; i < count; i++) positive[i * count + i] = 0
  return { same: { shape: [count, count], data: same }, positive: { shape: [count, count], data: positive } }
}
