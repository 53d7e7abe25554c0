/** A set of texts with numbers, walked code unit by code unit: what a greedy longest match needs. */
export interface PieceTrie {
  /** The node of the empty text. */
  readonly root: number
  /** The node after `unit`, or −1. */
  step(node: number, unit: number): number
  /** The number of the text that ends at the node, or −1. */
  value(node: number): number
}

/** Edges lie in one open hash table of typed arrays, keyed by (node, code unit): some ten bytes an edge. */
export function pieceTrie(texts: ReadonlyMap<string, number>): PieceTrie {
  let most = 1
  for (const text of texts.keys()) most += text.length
  let capacity = 16
  while (capacity < most * 1.5) capacity *= 2
  const mask = capacity - 1
  const from = new Int32Array(capacity).fill(-1)
  const over = new Uint16Array(capacity)
  const to = new Int32Array(capacity)
  const values = new Int32Array(most).fill(-1)
  let nodes = 1

  const slotOf = (node: number, unit: number): number => {
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)
    hash ^= hash >>> 15
    let slot = hash & mask
    while (from[slot] !== -1 && (from[slot] !== node || over[slot] !== unit)) slot = (slot + 1) & mask
    return slot
  }

  for (const [text, value] of texts) {
    let node = 0
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      const slot = slotOf(node, unit)
      if (from[slot] === -1) {
        from[slot] = node
        over[slot] = unit
        to[slot] = nodes++
      }
      node = to[slot]
    }
    values[node] = value
  }
  return {
    root: 0,
    step: (node, unit) => {
      const slot = slotOf(node, unit)
      return from[slot] === -1 ? -1 : to[slot]
    },
    value: (node) => values[node],
  }
}
