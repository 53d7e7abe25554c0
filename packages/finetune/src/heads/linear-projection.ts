import { MsError, seededRandom } from '@ms/core'
import type { HeadedEncoder } from './append-module.js'
import { appendLinear } from './linear-adapter.js'

export interface LinearProjectionOptions {
  /** Width of the space that is projected into. */
  readonly dim: number
  /** Of the first weights. Default: 1. */
  readonly seed?: number
}

/**
 * The same encoder with a linear map of its vectors into a space of another width behind it, random at first: with one behind an encoder of texts and one
 * behind an encoder of pictures, a training brings both into one space, as CLIP's two projections do.
 * Weights are uniform within ±√(6 / (width + dim)) (Glorot and Bengio 2010).
 *
 * @throws `projection.dim` for a width that is no whole number of at least 1
 */
export function linearProjection<E extends HeadedEncoder>(encoder: E, { dim, seed = 1 }: LinearProjectionOptions): E {
  if (!Number.isSafeInteger(dim) || dim < 1)
    throw new MsError('projection.dim', `a space cannot have ${dim} dimensions`, {
      where: 'dim',
      advice: 'Give a whole number of at least 1.',
    })
  const width = encoder.dim
  const random = seededRandom(seed, `/projection/${encoder.modality}`)
  const most = Math.sqrt(6 / (width + dim))
  const weight = Float32Array.from({ length: width * dim }, () => (2 * random.uniform() - 1) * most)
  return appendLinear(encoder, { weight, inFeatures: width, outFeatures: dim })
}
