import { seededRandom, vectors } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { dequantizeBinary, dequantizeInt8, quantizeBinary, quantizeInt8 } from './quantize.js'

const random = seededRandom(3)
const dim = 11
const some = vectors(
  Float32Array.from({ length: 4 * dim }, (_, i) => (i < dim ? 0 : random.normal())),
  4,
  dim,
)

describe('quantize', () => {
  it('keeps int8 within half a level, and zero exactly', () => {
    const packed = quantizeInt8(some)
    const back = dequantizeInt8(packed)
    for (let i = 0; i < some.data.length; i++) {
      expect(Math.abs(back.data[i] - some.data[i])).toBeLessThanOrEqual(packed.scales[Math.floor(i / dim)] / 2 + 1e-7)
    }
    expect([...back.data.subarray(0, dim)]).toEqual(Array(dim).fill(0))
    expect(packed.data.subarray(dim).some((value) => Math.abs(value) === 127)).toBe(true)
  })
  it('packs signs as numpy does', () => {
    const packed = quantizeBinary(vectors(Float32Array.from([1, -1, 0, 2, -3, 4, 5, 6, -1, 1]), 1, 10))
    expect([...packed.data]).toEqual([0b10010111, 0b01000000])
    const back = dequantizeBinary(packed)
    expect([...back.data].map(Math.sign)).toEqual([1, -1, -1, 1, -1, 1, 1, 1, -1, 1])
    expect(Math.hypot(...back.data)).toBeCloseTo(1, 6)
  })
})
