import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { epochBatches } from './epoch-batches.js'

const distinct = (count: number) => [Array.from({ length: count }, (_, i) => `a${i}`), Array.from({ length: count }, (_, i) => `p${i}`)]

describe('epochBatches', () => {
  it('gives every example once, in an order that the seed decides', () => {
    const draw = (seed: number) => epochBatches(distinct(103), { batchSize: 10, random: seededRandom(seed) }).map((batch) => [...batch])
    expect(
      draw(1)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 103 }, (_, i) => i))
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(draw(1).map(({ length }) => length)).toEqual([...Array(10).fill(10), 3])
  })
  it('keeps equal items out of one batch', () => {
    const keys = [Array.from({ length: 200 }, (_, i) => `a${i}`), Array.from({ length: 200 }, (_, i) => `p${i % 50}`)]
    const batches = epochBatches(keys, { batchSize: 20, random: seededRandom(3) })
    expect(batches.reduce((sum, { length }) => sum + length, 0)).toBe(200)
    for (const batch of batches) expect(new Set([...batch].map((i) => keys[1][i])).size).toBe(batch.length)
  })
  it('does not fall into batches of one when all share an item', () => {
    const keys = [Array.from({ length: 64 }, (_, i) => `a${i}`), Array.from({ length: 64 }, () => 'same')]
    expect(epochBatches(keys, { batchSize: 16, random: seededRandom(1) }).map(({ length }) => length)).toEqual([16, 16, 16, 16])
  })
  it('leaves out a last batch of one, but not the only one', () => {
    expect(epochBatches(distinct(11), { batchSize: 5, random: seededRandom(1) }).map(({ length }) => length)).toEqual([5, 5])
    expect(epochBatches(distinct(1), { batchSize: 5, random: seededRandom(1) })).toHaveLength(1)
  })
})
