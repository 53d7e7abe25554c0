import { conv2d, hardSigmoid } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { Layer } from './layer.js'
import { applyActivation, type MapActivation } from './map-activation.js'

export interface SqueezeExciteOptions {
  /** Names of its two 1 × 1 convolutions: `[squeezed, channels, 1, 1]` and back. */
  readonly reduce: string
  readonly expand: string
  readonly channels: number
  readonly squeezed: number
  readonly activation: MapActivation
  /** What makes factors from 0 to 1. */
  readonly gate: 'sigmoid' | 'hard_sigmoid'
}

/** Weighs the channels by what is in the whole picture (Hu, Shen, Sun 2018). */
export function squeezeExcite({ reduce, expand, channels, squeezed, activation, gate }: SqueezeExciteOptions): Layer {
  return {
    shapes: [
      [`${reduce}.weight`, [squeezed, channels, 1, 1]],
      [`${reduce}.bias`, [squeezed]],
      [`${expand}.weight`, [channels, squeezed, 1, 1]],
      [`${expand}.bias`, [channels]],
    ],
    forward: (x, { weights }) => {
      const dense = (value: tf.Tensor4D, name: string): tf.Tensor4D =>
        tf.add(conv2d(value, weights.get(`${name}.weight`) as tf.Tensor4D), weights.get(`${name}.bias`))
      const mean = tf.mean<tf.Tensor4D>(x, [1, 2], true) // [batch, 1, 1, channels]
      const factors = dense(applyActivation(dense(mean, reduce), activation), expand)
      return tf.mul(x, gate === 'sigmoid' ? tf.sigmoid(factors) : hardSigmoid(factors))
    },
  }
}
