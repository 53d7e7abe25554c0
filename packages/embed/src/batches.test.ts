import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { budgetBatches } from './batches.js'

describe('budgetBatches', () => {
  it('puts every item into one batch, longest first, within the budget', () => {
    const random = seededRandom(1)
    const costs = Array.from({ length: 1000 }, () => 1 + random.integer(300))
    const batches = budgetBatches(costs, { tokens: 1024, items: 50 })
    expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(costs.map((_, i) => i))
    for (const batch of batches) {
      expect(batch.length * costs[batch[0]]).toBeLessThanOrEqual(1024)
      expect(batch.length).toBeLessThanOrEqual(50)
    }
    const longest = batches.map((batch) => costs[batch[0]])
    expect(longest).toEqual([...longest].sort((a, b) => b - a))
    // Against batches of a fixed 32 in the order of arrival, padding is what it saves.
    const padded = batches.reduce((sum, batch) => sum + batch.length * costs[batch[0]], 0)
    const real = costs.reduce((sum, cost) => sum + cost, 0)
    expect(padded / real).toBeLessThan(1.05)
  })
  it('lets one item through that is larger than the budget, and items without tokens', () => {
    expect(budgetBatches([5000, 1], { tokens: 100, items: 10 }).map((batch) => [...batch])).toEqual([[0], [1]])
    expect(budgetBatches([0, 0, 0], { tokens: 100, items: 2 }).map((batch) => [...batch])).toEqual([[0, 1], [2]])
    expect(budgetBatches([], { tokens: 100, items: 2 })).toEqual([])
  })
})
