import { describe, expect, it } from 'vitest'
import { releaseMemory } from './release-memory.js'

describe('releaseMemory', () => {
  it('empties arrays that own their memory, and no others', () => {
    const own = new Float32Array(100_000)
    const small = new Float32Array(10)
    const whole = new Float32Array(200_000)
    const part = whole.subarray(0, 100_000)
    releaseMemory([own, small, part, own].map((data) => ({ data })))
    expect([own.length, small.length, part.length, whole.length]).toEqual([0, 10, 100_000, 200_000])
    // What is gone already may be given back again.
    releaseMemory([{ data: own }])
  })

  it('gives memory back at once', () => {
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 200; i++) releaseMemory([{ data: new Float32Array(1_000_000) }])
    // Eight hundred megabytes, of which the garbage collector has not heard yet.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
  })
})
