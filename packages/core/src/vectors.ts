import { MsError } from './errors.js'

/** Row-major vectors: row `i` is `data[i * dim … (i + 1) * dim)`. */
export interface Vectors {
  readonly data: Float32Array
  readonly count: number
  readonly dim: number
}

/** @throws `vectors.shape` when `data` is not `count * dim` long. */
export function vectors(data: Float32Array, count: number, dim: number): Vectors {
  if (data.length !== count * dim) throw new MsError('vectors.shape', `${data.length} numbers are not ${count} vectors of ${dim}`)
  return { data, count, dim }
}

/** Row `index` as a view, not a copy. `[dim] float32` */
export function row({ data, dim }: Vectors, index: number): Float32Array {
  return data.subarray(index * dim, (index + 1) * dim)
}

/** Scales every row to length 1, in place. A zero row stays zero. */
export function normalizeRows(all: Vectors): Vectors {
  const { data, count, dim } = all
  for (let i = 0; i < count; i++) {
    let sum = 0
    for (let j = i * dim; j < (i + 1) * dim; j++) sum += data[j] * data[j]
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0
    for (let j = i * dim; j < (i + 1) * dim; j++) data[j] *= scale
  }
  return all
}

/** @throws `vectors.not-finite` naming the row (by `id` where given) that holds NaN or an infinity. */
export function assertFinite({ data, dim }: Vectors, ids?: readonly string[]): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      const at = Math.floor(i / dim)
      throw new MsError('vectors.not-finite', `vector ${ids?.[at] ?? at} holds ${data[i]}`, { advice: 'Check the encoder that made it.' })
    }
  }
}
