import { MsError } from '@ms/core'
import type { Classifier, Hidden, Weights } from '@ms/core/tensor'
import { globalAveragePool } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { NamedShape } from './layer.js'

/** x Wᵀ + b, with W `[out, in]` as checkpoints have it. */
export function dense(x: tf.Tensor2D, weights: Weights, name: string): tf.Tensor2D {
  return tf.add(tf.matMul(x, weights.get(`${name}.weight`) as tf.Tensor2D, false, true), weights.get(`${name}.bias`))
}

/** The shapes of `dense`. */
export const denseShapes = (name: string, from: number, to: number): NamedShape[] => [
  [`${name}.weight`, [to, from]],
  [`${name}.bias`, [to]],
]

/** One vector a picture: the mean over all places of a map. */
export function pooled(hidden: Hidden): tf.Tensor2D {
  if (hidden.kind === 'pooled') return hidden.pooled
  if (hidden.kind === 'map') return globalAveragePool(hidden.map)
  throw new MsError('inputs.shape', 'a classifier of pictures does not read tokens', { kind: 'failure' })
}

/** The mean over all places, and one dense layer: what most networks end in. */
export const pooledClassifier = (name: string, width: number, classes: number): Classifier => ({
  shapes: new Map(denseShapes(name, width, classes)),
  forward: (hidden, weights) => dense(pooled(hidden), weights, name),
})
