import type { Examples } from '@ms/core'

/** Starting values of the two halves; different, so that both must collide at once. */
const offsets = [0x811c9dc5, 0x2f0b4a27]
const prime = 0x01000193

/**
 * A short name for training examples: equal examples in the same order have the same, others almost surely another (FNV-1a, 64 bits in
 * two halves). Bytes count with all of them; items that are neither texts nor bytes count with their number only.
 */
export function fingerprintExamples<Item>({ kind, columns, scores, labels }: Examples<Item>): string {
  const halves = offsets.map((offset) => {
    let hash = offset
    const add = (text: string) => {
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), prime)
      // Between texts, so that "ab", "c" is not "a", "bc".
      hash = Math.imul(hash ^ 0xffff, prime)
    }
    const addBytes = (bytes: Uint8Array) => {
      for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], prime)
      hash = Math.imul(hash ^ 0xffff, prime)
    }
    add(kind)
    for (const column of columns) {
      add(String(column.length))
      for (const item of column) {
        if (typeof item === 'string') add(item)
        else if (item instanceof Uint8Array) addBytes(item)
      }
    }
    for (const score of scores ?? []) add(String(score))
    for (const label of labels ?? []) add(label)
    return (hash >>> 0).toString(16).padStart(8, '0')
  })
  return halves.join('')
}
