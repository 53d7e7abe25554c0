import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { classBatches } from './class-batches.js'

const draw = (labels: string[], batchSize: number, perClass: number, seed = 1) =>
  classBatches(labels, { batchSize, perClass, random: seededRandom(seed) })

describe('classBatches', () => {
  it('gives every example once, several of each class in its batch, in an order that the seed decides', () => {
    const labels = Array.from({ length: 120 }, (_, i) => `class ${i % 10}`)
    const batches = draw(labels, 16, 4)
    expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(labels.map((_, i) => i))
    for (const batch of batches) {
      const counts = new Map<string, number>()
      for (const i of batch) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1)
      expect([...counts.values()].every((count) => count === 4)).toBe(true)
      expect(counts.size).toBeGreaterThan(1)
    }
    expect(draw(labels, 16, 4)).toEqual(batches)
    expect(draw(labels, 16, 4, 2)).not.toEqual(batches)
  })

  it('leaves out classes of one, and nobody else', () => {
    const labels = ['a', 'a', 'a', 'b', 'b', 'lonely', 'c', 'c', 'c']
    const used = draw(labels, 9, 2).flatMap((batch) => [...batch])
    expect(used.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 6, 7, 8])
    // Two of them fill a batch; what is left of the third has nothing to be told from.
    for (const batch of draw(['a', 'a', 'b', 'b', 'c', 'c', 'c', 'c', 'c', 'c'], 4, 2)) {
      expect(new Set([...batch].map((i) => (i < 2 ? 'a' : i < 4 ? 'b' : 'c'))).size).toBe(2)
    }
  })

  it('refuses classes of one only, and batches without room', () => {
    expect(() => draw(['a', 'b', 'c'], 8, 2)).toThrow(expect.objectContaining({ code: 'train.no-examples' }))
    expect(() => draw(['a', 'a', 'b', 'b'], 3, 2)).toThrow(expect.objectContaining({ code: 'train.settings' }))
  })
})
