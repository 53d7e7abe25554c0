import { MsError } from '@ms/core'
import * as tf from '@tensorflow/tfjs-core'
import type { FeatureName, Features } from './encoder-module.js'

/** The feature that a module's config names. @throws `encoder.feature-unknown` */
export function featureName(name: string | null | undefined, field: string, where: string): FeatureName {
  if (name === null || name === undefined) return 'sentence_embedding'
  if (name === 'sentence_embedding' || name === 'token_embeddings') return name
  throw new MsError('encoder.feature-unknown', `the field ${field} names ${name}; known are sentence_embedding and token_embeddings`, {
    where,
  })
}

/** Applies a function of rows `[n, width] → [n, outWidth]` to a feature of either rank. */
export function onRows(
  features: Features,
  input: FeatureName,
  output: FeatureName,
  outWidth: number,
  fn: (rows: tf.Tensor2D) => tf.Tensor2D,
): Features {
  const value = features[input]
  if (!value) throw new MsError('encoder.input', `there is no ${input} to work on`)
  const rows = value.rank === 2 ? (value as tf.Tensor2D) : tf.reshape<tf.Rank.R2>(value, [-1, value.shape[value.rank - 1] as number])
  const result = fn(rows)
  return { ...features, [output]: value.rank === 2 ? result : tf.reshape(result, [...value.shape.slice(0, -1), outWidth]) }
}
