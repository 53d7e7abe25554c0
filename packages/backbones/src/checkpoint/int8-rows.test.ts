import { seededRandom } from '@ms/core'
import { expect, it } from 'vitest'
import { dequantizeRows, quantizeRows } from './int8-rows.js'

it('int8 rows are off by at most half a step of their row, and the largest value is kept', () => {
  const random = seededRandom(5)
  const width = 16
  const data = Float32Array.from({ length: 200 * width }, (_, i) => random.normal() * 10 ** ((Math.floor(i / width) % 9) - 4))
  const table = quantizeRows(data, width)
  const back = dequantizeRows(table)
  for (let i = 0; i < data.length; i++) {
    const step = table.scale[Math.floor(i / width)]
    expect(Math.abs(back[i] - data[i])).toBeLessThanOrEqual(step * 0.50001)
  }
  for (let row = 0; row < 200; row++) {
    const magnitudes = table.rows.subarray(row * width, (row + 1) * width).map(Math.abs)
    expect(Math.max(...magnitudes)).toBe(127)
  }
})

it('a row of zeros, and one too small for float32 scales, stay zero', () => {
  const { rows, scale } = quantizeRows(new Float32Array([0, 0, 1e-45, -1e-45]), 2)
  expect([...rows]).toEqual([0, 0, 0, 0])
  expect([...scale]).toEqual([0, 0])
  expect(quantizeRows(new Float32Array(0), 3).scale.length).toBe(0)
})
