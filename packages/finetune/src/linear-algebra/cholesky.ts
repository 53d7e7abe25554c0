import { MsError } from '@ms/core'

/**
 * The lower triangle L of a positive definite matrix A = L Lᵀ, in double precision.
 * @param matrix `[n, n]` row-major; only its lower triangle is read, and it is not changed
 * @throws `matrix.not-positive` when it is none
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    const row = i * n
    for (let j = 0; j <= i; j++) {
      const other = j * n
      let sum = matrix[row + j]
      for (let k = 0; k < j; k++) sum -= lower[row + k] * lower[other + k]
      if (i !== j) lower[row + j] = sum / lower[other + j]
      else if (sum > 0) lower[row + j] = Math.sqrt(sum)
      else throw new MsError('matrix.not-positive', `the matrix is not positive definite at row ${i}`, { kind: 'failure' })
    }
  }
  return lower
}

/** The inverse of a lower triangle, lower as well. `[n, n]` */
export function invertLower(lower: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    const row = i * n
    // Row i of the inverse: −(Σ L[i, k] · row k) / L[i, i], k < i, by whole rows so that memory is read in order.
    for (let k = 0; k < i; k++) {
      const factor = lower[row + k]
      if (factor === 0) continue
      const other = k * n
      for (let j = 0; j <= k; j++) inverse[row + j] -= factor * inverse[other + j]
    }
    const diagonal = lower[row + i]
    for (let j = 0; j < i; j++) inverse[row + j] /= diagonal
    inverse[row + i] = 1 / diagonal
  }
  return inverse
}
