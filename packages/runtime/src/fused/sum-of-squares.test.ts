import { describe, expect, it } from 'vitest'
import { fusedMemory } from './fused-memory.js'
import { sumOfSquares } from './sum-of-squares.js'

const some = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i + 1))
const exact = (array: Float32Array) => array.reduce((sum, x) => sum + x * x, 0)

describe('sumOfSquares', () => {
  const lengths = [1, 15, 16, 17, 16_384, 16_385, 100_001]

  it.each(lengths)('of %d numbers, within the memory, beside it, and without WebAssembly', (length) => {
    const memory = fusedMemory([length, length])
    const [, array] = memory.arrays
    array.set(some(length))
    // What lies before it is no part of the sum.
    memory.arrays[0].fill(1e6)
    const without = sumOfSquares({ ...memory, wasm: undefined })
    for (const sum of [sumOfSquares(memory)(array), sumOfSquares(memory)(some(length)), without(array)]) {
      expect(Math.abs(sum / exact(array) - 1)).toBeLessThan(2e-7)
    }
    expect(array).toEqual(some(length))
  })

  it('tells of every number that is not finite', () => {
    const memory = fusedMemory([40_000])
    const [array] = memory.arrays
    const sum = sumOfSquares(memory)
    for (const at of [0, 1, 2, 3, 15, 16_383, 16_384, 39_990, 39_999]) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        array.fill(1)
        array[at] = value
        expect(sum(array)).toBe(value)
      }
    }
  })
})
