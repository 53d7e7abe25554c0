import { covariance } from './covariance.js'
import { fixSign, symmetricEigen } from './symmetric-eigen.js'

/** A variance below this share of the largest is rounding. */
const negligible = 1e-10

/**
 * The directions along which rows vary most about the origin: the first eigenvectors of `Xᵀ X`, of length 1, each with its entry of largest
 * magnitude positive. Where there are fewer rows than columns, through the smaller `X Xᵀ`.
 *
 * @param rows `[count, width]`
 * @param dim how many, `width` at most
 * @returns as rows `[dim, width]`
 */
export function principalDirections(rows: Float32Array, count: number, width: number, dim: number): Float64Array {
  const short = count < width && dim < count ? shortDirections(rows, count, width, dim) : undefined
  return short ?? symmetricEigen(covariance(rows, count, width), width).vectors.subarray(0, dim * width)
}

/** If u is an eigenvector of X Xᵀ, then Xᵀ u is one of Xᵀ X. Undefined where rows do not vary along so many directions. */
function shortDirections(rows: Float32Array, count: number, width: number, dim: number): Float64Array | undefined {
  const turned = new Float32Array(count * width)
  for (let r = 0; r < count; r++) for (let j = 0; j < width; j++) turned[j * count + r] = rows[r * width + j]
  const { values, vectors } = symmetricEigen(covariance(turned, width, count), count)
  if (!(values[dim - 1] > negligible * values[0])) return undefined
  const result = new Float64Array(dim * width)
  for (let d = 0; d < dim; d++) {
    const direction = result.subarray(d * width, (d + 1) * width)
    for (let r = 0; r < count; r++) {
      const factor = vectors[d * count + r]
      for (let j = 0; j < width; j++) direction[j] += factor * rows[r * width + j]
    }
    let squares = 0
    for (const value of direction) squares += value * value
    const length = Math.sqrt(squares)
    for (let j = 0; j < width; j++) direction[j] /= length
    fixSign(direction)
  }
  return result
}
