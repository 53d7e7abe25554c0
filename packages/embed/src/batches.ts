/** What a batch may hold. */
export interface BatchLimits {
  /** Tokens with padding: items × the longest one's. One item is always let through. */
  tokens: number
  /** Items. */
  items: number
}

/**
 * Groups positions into batches of like cost: longest first, as many as fit the budget.
 * @param costs tokens of each item
 * @returns positions; every one in exactly one batch
 */
export function budgetBatches(costs: ArrayLike<number>, { tokens, items }: BatchLimits): Uint32Array[] {
  const order = Uint32Array.from({ length: costs.length }, (_, i) => i).sort((a, b) => costs[b] - costs[a] || a - b)
  const batches: Uint32Array[] = []
  for (let start = 0; start < order.length; ) {
    const longest = Math.max(1, costs[order[start]])
    const size = Math.max(1, Math.min(items, Math.floor(tokens / longest)))
    batches.push(order.subarray(start, start + size))
    start += size
  }
  return batches
}
