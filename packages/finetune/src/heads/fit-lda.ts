import { MsError, type Vectors } from '@ms/core'
import { cholesky, invertLower } from '../linear-algebra/cholesky.js'
import { covariance } from '../linear-algebra/covariance.js'
import { principalDirections } from '../linear-algebra/principal-directions.js'

export interface LdaOptions {
  /** How far the covariance within classes is drawn towards a sphere of its mean variance; above 0. Default: 0.3. */
  shrinkage?: number
  /** Keeps so many directions, those in which the classes' means lie farthest apart. Default: all, which only turns the space. */
  dim?: number
}

/** A linear map: `weight · x + bias`. */
export interface LinearMap {
  /** `[outFeatures, inFeatures]` */
  readonly weight: Float32Array
  readonly bias: Float32Array
  readonly inFeatures: number
  readonly outFeatures: number
}

/**
 * Shrinkage linear discriminant analysis in closed form (Fisher 1936; shrinkage after Ledoit and Wolf 2004 with a fixed share): subtracts
 * the mean and whitens by the covariance within classes,
 *
 *   S = 1/n Σᵢ (xᵢ − μ_class)(xᵢ − μ_class)ᵀ + shrinkage · mean variance · I,
 *
 * so that what varies between pictures of one thing counts less, and what tells things apart counts more. There is nothing to tune and no
 * learning rate; a class of which there is only one item says nothing about S, and its item only counts for the mean.
 *
 * @param features `[items, inFeatures]` @param labels class of each
 * @throws `lda.classes` when no class has two items, `lda.option`
 */
export function fitLda(features: Vectors, labels: readonly string[], options: LdaOptions = {}): LinearMap {
  return prepareLda(features, labels)(options)
}

/**
 * What `fitLda` needs of the features, computed once: what is returned fits for one setting after the other.
 * @param features `[items, inFeatures]` @param labels class of each
 * @throws `lda.classes` when no class has two items; what is returned `lda.option`
 */
export function prepareLda(features: Vectors, labels: readonly string[]): (options?: LdaOptions) => LinearMap {
  const { count, dim: width } = features
  const classes = classesOf(labels)
  if (![...classes.values()].some((members) => members.length > 1)) {
    throw new MsError('lda.classes', 'no class has two items', { advice: 'Give at least two items of most classes.' })
  }
  const mean = meanOf(
    features,
    Array.from({ length: count }, (_, i) => i),
  )
  const centred = new Float32Array(count * width)
  const means: { size: number; mean: Float64Array }[] = []
  let used = 0
  for (const members of classes.values()) {
    const centre = meanOf(features, members)
    means.push({ size: members.length, mean: centre })
    if (members.length < 2) continue
    for (const item of members) {
      for (let j = 0; j < width; j++) centred[used * width + j] = features.data[item * width + j] - centre[j]
      used++
    }
  }
  const within = covariance(centred.subarray(0, used * width), used, width)
  let trace = 0
  for (let j = 0; j < width; j++) trace += within[j * width + j]
  // Features that do not vary at all within classes leave nothing to whiten.
  const variance = trace / width
  return ({ shrinkage = 0.3, dim } = {}) => {
    if (!(shrinkage > 0 && Number.isFinite(shrinkage)))
      throw new MsError('lda.option', `the shrinkage is ${shrinkage}`, { where: 'shrinkage', advice: 'Give a number above 0.' })
    if (dim !== undefined && !(Number.isInteger(dim) && dim >= 1 && dim <= width))
      throw new MsError('lda.option', `${dim} directions of ${width} cannot be kept`, { where: 'dim' })
    const shrunk = within.slice()
    for (let j = 0; j < width; j++) shrunk[j * width + j] += variance > 0 ? shrinkage * variance : 1
    const whitening = invertLower(cholesky(shrunk, width), width)
    const chosen = dim === undefined ? whitening : project(whitening, width, betweenDirections(whitening, means, mean, dim), dim)
    return affine(chosen, mean, dim ?? width, width)
  }
}

function classesOf(labels: readonly string[]): Map<string, number[]> {
  const classes = new Map<string, number[]>()
  for (const [i, label] of labels.entries()) classes.set(label, (classes.get(label) ?? []).concat(i))
  return classes
}

function meanOf({ data, dim }: Vectors, rows: readonly number[]): Float64Array {
  const mean = new Float64Array(dim)
  for (const row of rows) for (let j = 0; j < dim; j++) mean[j] += data[row * dim + j]
  for (let j = 0; j < dim; j++) mean[j] /= rows.length
  return mean
}

/** In the whitened space, the directions along which the classes' means vary most, as rows `[dim, width]`. */
function betweenDirections(
  whitening: Float64Array,
  means: readonly { size: number; mean: Float64Array }[],
  mean: Float64Array,
  dim: number,
): Float64Array {
  const width = mean.length
  const rows = new Float32Array(means.length * width)
  for (const [c, { size, mean: centre }] of means.entries()) {
    for (let i = 0; i < width; i++) {
      let sum = 0
      for (let j = 0; j <= i; j++) sum += whitening[i * width + j] * (centre[j] - mean[j])
      rows[c * width + i] = sum * Math.sqrt(size)
    }
  }
  return principalDirections(rows, means.length, width, dim)
}

/** `directions [dim, width] · whitening [width, width]` */
function project(whitening: Float64Array, width: number, directions: Float64Array, dim: number): Float64Array {
  const result = new Float64Array(dim * width)
  for (let d = 0; d < dim; d++) {
    for (let i = 0; i < width; i++) {
      const factor = directions[d * width + i]
      for (let j = 0; j <= i; j++) result[d * width + j] += factor * whitening[i * width + j]
    }
  }
  return result
}

function affine(map: Float64Array, mean: Float64Array, outFeatures: number, inFeatures: number): LinearMap {
  const bias = new Float32Array(outFeatures)
  for (let i = 0; i < outFeatures; i++) {
    let sum = 0
    for (let j = 0; j < inFeatures; j++) sum -= map[i * inFeatures + j] * mean[j]
    bias[i] = sum
  }
  return { weight: Float32Array.from(map), bias, inFeatures, outFeatures }
}
