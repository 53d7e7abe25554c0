import { MsError } from '@ms/core'
import { symmetricEigen } from '../linear-algebra/symmetric-eigen.js'

/** A map from the teacher's space to the student's: subtract the mean, turn to the main axes, even them out, scale to length 1. */
export interface TargetSpace {
  /** `[width]` */
  readonly mean: Float64Array
  /** `[dim, width]`: scaled axes, the most important first */
  readonly axes: Float64Array
  readonly dim: number
  readonly width: number
  /** Share of the vectors' variance that lies along the axes. */
  readonly energy: number
}

/**
 * Principal axes of a sample of vectors, each divided by its standard deviation to the power of `whitening`: 0 keeps the
 * teacher's proportions, 1 makes all axes equally important. Somewhere between serves a bag of tokens best, because the
 * largest axes say what kind of text it is, and not which one.
 *
 * @param blocks each `[count, width]` row-major
 * @throws `distill.dim` when `dim` is not 1 … width
 */
export function targetSpace(
  blocks: readonly Float32Array[],
  width: number,
  { dim, whitening }: { dim: number; whitening: number },
): TargetSpace {
  if (!Number.isInteger(dim) || dim < 1 || dim > width) {
    throw new MsError('distill.dim', `cannot keep ${dim} of the teacher's ${width} dimensions`, {
      where: 'dim',
      advice: `Choose 1 … ${width}.`,
    })
  }
  const count = blocks.reduce((sum, block) => sum + block.length / width, 0)
  const mean = new Float64Array(width)
  for (const block of blocks) for (let i = 0; i < block.length; i++) mean[i % width] += block[i] / count
  const covariance = new Float64Array(width * width)
  const centred = new Float64Array(width)
  for (const block of blocks) {
    for (let start = 0; start < block.length; start += width) {
      for (let i = 0; i < width; i++) centred[i] = block[start + i] - mean[i]
      for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) covariance[i * width + j] += centred[i] * centred[j]
    }
  }
  const { values, vectors } = symmetricEigen(covariance, width)
  const axes = vectors.slice(0, dim * width)
  for (let k = 0; k < dim; k++) {
    // The floor keeps axes that hold next to nothing from being blown up to the size of the others.
    const scale = (Math.max(0, values[k]) / (values[0] || 1) + 0.02) ** (-whitening / 2)
    for (let j = k * width; j < (k + 1) * width; j++) axes[j] *= scale
  }
  const sum = (length: number) => values.subarray(0, length).reduce((total, value) => total + Math.max(0, value), 0)
  return { mean, axes, dim, width, energy: sum(dim) / (sum(width) || 1) }
}

/**
 * Rows in the student's space, each of length 1 (a row that equals the mean becomes zeros).
 *
 * @param rows `[count, width]`
 * @param mean subtracted from each row. Default: the space's own
 */
export function toTargets(rows: Float32Array, { axes, dim, width, mean: own }: TargetSpace, mean: Float64Array = own): Float32Array {
  const count = rows.length / width
  const out = new Float32Array(count * dim)
  const centred = new Float64Array(width)
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) centred[j] = rows[i * width + j] - mean[j]
    let square = 0
    for (let k = 0; k < dim; k++) {
      let sum = 0
      for (let j = 0; j < width; j++) sum += centred[j] * axes[k * width + j]
      out[i * dim + k] = sum
      square += sum * sum
    }
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0
    for (let k = i * dim; k < (i + 1) * dim; k++) out[k] *= scale
  }
  return out
}
