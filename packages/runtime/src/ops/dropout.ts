import type { DropoutMask } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { softmaxGradient } from './softmax.js'

/**
 * Inverted dropout (Srivastava et al. 2014): units that are not kept become 0, the others are divided by the share that is kept, so that the
 * expected value stays. Without a mask x itself.
 */
export function dropout<T extends tf.Tensor>(x: T, mask: DropoutMask | undefined): T {
  if (!mask) return x
  const { keep, rate } = mask
  // Chosen by the mask as it is: of a mask made numbers, four times the bytes would be kept from one half to the other.
  const masked = (values: tf.Tensor, keep: tf.Tensor) =>
    tf.where(tf.reshape(keep, values.shape), tf.mul(values, 1 / (1 - rate)), tf.scalar(0))
  return customGradient<T>([x], ([x]) => ({ value: masked(x, keep), saved: [keep], gradient: (dy, [keep]) => [masked(dy, keep)] }))
}

/**
 * dropout(softmax(scores)) · values without dividing by the share that is kept, which is cheaper for the caller to do on `values`.
 * Between its two halves it keeps one number a score: the probability, negative where it is left out.
 *
 * @param scores `[…, n, m]`
 * @param values `[…, m, size]`
 * @param mask of the probabilities
 * @returns `[…, n, size]`
 */
export function attendDropping(scores: tf.Tensor, values: tf.Tensor, mask: DropoutMask): tf.Tensor {
  return customGradient([scores, values], ([scores, values]) => {
    const probabilities = tf.softmax(scores)
    const signed = tf.where(tf.reshape(mask.keep, scores.shape), probabilities, tf.neg(probabilities))
    return {
      value: tf.matMul(tf.relu(signed), values),
      saved: [signed, values],
      gradient: (dy, [signed, values]) => {
        // Not relu, which would be the tensor of the forward half and be kept for its sake.
        const kept = tf.maximum(signed, 0)
        const dKept = tf.matMul(dy, values, false, true)
        const dProbabilities = tf.where(tf.greater(kept, 0), dKept, tf.scalar(0))
        return [softmaxGradient(dProbabilities, tf.abs(signed)), tf.matMul(kept, dy, true, false)]
      },
    }
  })
}
