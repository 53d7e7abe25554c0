import { type FusedMemory, sumOfSquares } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { Gradient } from './optimizer.js'

/**
 * The Euclidean norm of all gradients together; sparse ones count with the rows they have. NaN or infinite where one of them is.
 *
 * @param memory gradients that lie in it are read where they are
 */
export function gradientNorm(memory: FusedMemory): (gradients: ReadonlyMap<string, Gradient>) => number {
  const sumOf = sumOfSquares(memory)
  return (gradients) => {
    let sum = 0
    for (const { data } of gradients.values()) sum += sumOf(data)
    return Math.sqrt(sum)
  }
}

/** The same norm of tensors. */
export const gradientNormOnTensors = (gradients: readonly tf.Tensor[]): tf.Scalar =>
  tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)) as tf.Scalar)))

/**
 * The factor that brings gradients of this norm to at most `maxNorm`, as `torch.nn.utils.clip_grad_norm_` computes it.
 * @returns 1 where nothing has to be clipped
 */
export const clipScale = (norm: number, maxNorm: number): number => Math.min(1, maxNorm / (norm + 1e-6))

/** The same factor as a tensor. */
export const clipScaleOnTensors = (norm: tf.Scalar, maxNorm: number): tf.Scalar => tf.minimum(1, tf.div(maxNorm, tf.add(norm, 1e-6)))
