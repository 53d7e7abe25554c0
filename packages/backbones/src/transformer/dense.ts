import type { Weights } from '@ms/core/tensor'
import { layerNorm } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

/** x Wᵀ + b with W `[out, in]`, as checkpoints have it; `name.weight` and, unless it has none, `name.bias`. */
export function dense(weights: Weights, name: string, x: tf.Tensor2D, bias = true): tf.Tensor2D {
  const product: tf.Tensor2D = tf.matMul(x, weights.get(`${name}.weight`) as tf.Tensor2D, false, true)
  return bias ? tf.add<tf.Tensor2D>(product, weights.get(`${name}.bias`)) : product
}

/** Layer norm of `name.weight` and `name.bias`. */
export const norm = (weights: Weights, name: string, x: tf.Tensor2D, eps: number) =>
  layerNorm(x, weights.get(`${name}.weight`) as tf.Tensor1D, weights.get(`${name}.bias`) as tf.Tensor1D, eps)

/** Shapes of what `dense` and `norm` read, added to a map of shapes. */
export function shapesOf(shapes: Map<string, readonly number[]>) {
  return {
    norm: (name: string, width: number) => shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]),
    dense: (name: string, from: number, to: number, bias = true) => {
      shapes.set(`${name}.weight`, [to, from])
      if (bias) shapes.set(`${name}.bias`, [to])
    },
  }
}
