import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { covariance } from './covariance.js'
import { principalDirections } from './principal-directions.js'
import { symmetricEigen } from './symmetric-eigen.js'

const random = seededRandom(5)
/** Rows of a rank, with directions that are clearly told apart. */
function rowsOf(count: number, width: number, rank = Math.min(count, width)): Float32Array {
  const [left, right] = [count, width].map((size) => Float64Array.from({ length: size * rank }, () => random.normal()))
  return Float32Array.from({ length: count * width }, (_, at) => {
    const [r, j] = [Math.floor(at / width), at % width]
    let sum = 0
    for (let k = 0; k < rank; k++) sum += (left[r * rank + k] * right[j * rank + k]) / (k + 1)
    return sum
  })
}

describe('principalDirections', () => {
  it('are the first eigenvectors of Xᵀ X, whether there are more rows or more columns', () => {
    for (const [count, width, dim] of [
      [30, 12, 5],
      [12, 30, 5],
      [12, 30, 11],
      [1, 4, 1],
    ]) {
      const rows = rowsOf(count, width)
      const wanted = symmetricEigen(covariance(rows, count, width), width).vectors
      const found = principalDirections(rows, count, width, dim)
      expect(found).toHaveLength(dim * width)
      for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - wanted[i])).toBeLessThan(1e-4)
    }
  })
  it('are orthonormal where rows vary along fewer directions than are asked for', () => {
    for (const [count, dim] of [
      [9, 6],
      [9, 9],
      [9, 15],
    ]) {
      const found = principalDirections(rowsOf(count, 20, 3), count, 20, dim)
      for (let a = 0; a < dim; a++) {
        for (let b = 0; b <= a; b++) {
          let sum = 0
          for (let j = 0; j < 20; j++) sum += found[a * 20 + j] * found[b * 20 + j]
          expect(Math.abs(sum - (a === b ? 1 : 0))).toBeLessThan(1e-9)
        }
      }
    }
  })
})
