import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { decodeBfloat16, decodeFloat16, encodeFloat16 } from './half-float.js'

const all = Uint16Array.from({ length: 65536 }, (_, i) => i)
const isNaN16 = (word: number) => (word & 0x7c00) === 0x7c00 && (word & 0x3ff) !== 0

describe('float16', () => {
  it('has the values of the standard', () => {
    const words = [0x0000, 0x8000, 0x3c00, 0xbc00, 0x3555, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00]
    const values = [0, -0, 1, -1, 0.333251953125, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, Infinity, -Infinity]
    expect([...decodeFloat16(Uint16Array.from(words))]).toEqual(values)
  })

  it('gives back every one of the 65,536 words', () => {
    const back = encodeFloat16(decodeFloat16(all))
    for (let word = 0; word < 65536; word++) {
      if (isNaN16(word)) expect(isNaN16(back[word])).toBe(true)
      else if (back[word] !== word) expect(back[word]).toBe(word)
    }
  })

  it('rounds to the nearest, ties to even', () => {
    const ascending = decodeFloat16(all.slice(0, 0x7c00))
    const random = seededRandom(3)
    for (let i = 0; i < 0x7bff; i++) {
      const [low, high] = [ascending[i], ascending[i + 1]]
      const middle = (low + high) / 2
      const [atMiddle, above, below] = encodeFloat16(
        new Float32Array([middle, middle + (high - middle) * 0.01, middle - (middle - low) * 0.01]),
      )
      if (atMiddle !== i + (i % 2) || above !== i + 1 || below !== i)
        expect([i, atMiddle, above, below]).toEqual([i, i + (i % 2), i + 1, i])
      const between = Math.fround(low + (high - low) * random.uniform())
      const [word] = encodeFloat16(new Float32Array([-between]))
      const nearest = between < middle ? i : between > middle ? i + 1 : i + (i % 2)
      if (word !== nearest + 0x8000) expect([between, word]).toEqual([between, nearest + 0x8000])
    }
    expect([...encodeFloat16(new Float32Array([65519.99, 65520, 1e30, -1e30, 2 ** -25, 2 ** -25 * 1.01, 1e-30]))]).toEqual([
      0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 1, 0,
    ])
  })
})

it('bfloat16 is the upper half of a float32', () => {
  const random = seededRandom(4)
  const values = Float32Array.from({ length: 1000 }, () => random.normal() * 10 ** (random.integer(60) - 30))
  const bits = new Uint32Array(values.buffer.slice(0)).map((word) => word & 0xffff0000)
  expect(decodeBfloat16(Uint16Array.from(bits, (word) => word >>> 16))).toEqual(new Float32Array(bits.buffer))
})
