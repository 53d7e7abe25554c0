import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from './symmetric-eigen.js'

function check(matrix: Float64Array, n: number) {
  const { values, vectors } = symmetricEigen(matrix, n)
  const scale = Math.max(1, ...values.map(Math.abs))
  let worst = 0
  for (let i = 0; i < n; i++) {
    if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1])
    for (let r = 0; r < n; r++) {
      let product = 0
      for (let c = 0; c < n; c++) product += matrix[r * n + c] * vectors[i * n + c]
      worst = Math.max(worst, Math.abs(product - values[i] * vectors[i * n + r]) / scale)
    }
    for (let j = 0; j <= i; j++) {
      let dot = 0
      for (let c = 0; c < n; c++) dot += vectors[i * n + c] * vectors[j * n + c]
      worst = Math.max(worst, Math.abs(dot - (i === j ? 1 : 0)))
    }
  }
  return worst
}

describe('symmetricEigen', () => {
  it('solves A v = λ v with orthonormal v, of full and deficient rank, with repeated eigenvalues', () => {
    const random = seededRandom(3)
    for (const [n, rank] of [
      [1, 1],
      [2, 2],
      [3, 1],
      [40, 40],
      [40, 7],
      [97, 60],
    ]) {
      const factors = Float64Array.from({ length: n * rank }, () => random.normal())
      const matrix = new Float64Array(n * n)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) for (let k = 0; k < rank; k++) matrix[i * n + j] += factors[i * rank + k] * factors[j * rank + k]
      expect(check(matrix, n)).toBeLessThan(1e-11)
    }
    const identity = new Float64Array(25)
    for (let i = 0; i < 5; i++) identity[i * 6] = 2
    expect(check(identity, 5)).toBeLessThan(1e-14)
    expect(check(new Float64Array(16), 4)).toBeLessThan(1e-14)
  })
  it('knows a matrix by hand', () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2)
    expect([...values].map((value) => Math.round(value * 1e12) / 1e12)).toEqual([3, 1])
    expect(vectors[0]).toBeCloseTo(Math.SQRT1_2, 12)
    expect(vectors[1]).toBeCloseTo(Math.SQRT1_2, 12)
  })
})
