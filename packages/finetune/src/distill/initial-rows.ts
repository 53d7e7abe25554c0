import { type TargetSpace, toTargets } from './target-space.js'

export interface InitialRowsOptions {
  readonly vocabulary: number
  readonly space: TargetSpace
  /** Share of each token among all tokens. `[vocabulary]` */
  readonly shares: Float64Array
  /** `a` of the weight `a / (a + share)` of a token. */
  readonly smoothing: number
}

/** Tokens and the teacher's vectors of them, `[ids.length, width]`. */
export interface TokenVectors {
  readonly ids: Int32Array
  readonly vectors: Float32Array
}

/**
 * A first table: each token's row is the teacher's vector of it, taken to the student's space, and weighted down where the
 * token is frequent (smooth inverse frequency, Arora et al. 2017). Every kind of tokens is centred about its own mean: a
 * teacher sees single words and dictionary entries differently. All other rows are zero.
 *
 * @returns `[vocabulary, dim]` with a root mean square of 1 over the rows that are not zero
 */
export function initialRows(kinds: readonly TokenVectors[], { vocabulary, space, shares, smoothing }: InitialRowsOptions): Float32Array {
  const { dim, width } = space
  const table = new Float32Array(vocabulary * dim)
  let [square, rows] = [0, 0]
  for (const { ids, vectors } of kinds) {
    const mean = new Float64Array(width)
    for (let i = 0; i < vectors.length; i++) mean[i % width] += vectors[i] / ids.length
    const units = toTargets(vectors, space, mean)
    ids.forEach((id, i) => {
      const weight = smoothing / (smoothing + shares[id])
      for (let k = 0; k < dim; k++) table[id * dim + k] = weight * units[i * dim + k]
      square += weight * weight
      rows++
    })
  }
  const scale = square > 0 ? Math.sqrt((rows * dim) / square) : 0
  for (let i = 0; i < table.length; i++) table[i] *= scale
  return table
}
