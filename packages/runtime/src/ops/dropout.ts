import type { DropoutMask } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'

/**
 * Inverted dropout (Srivastava et al. 2014): units that are not kept become 0, the others are divided by the share that is kept, so that the
 * expected value stays. Without a mask x itself.
 */
export function dropout<T extends tf.Tensor>(x: T, mask: DropoutMask | undefined): T {
  if (!mask) return x
  const { keep, rate } = mask
  // Saved as bytes, and made numbers again where the gradient needs them.
  const masked = (values: tf.Tensor, keep: tf.Tensor) => tf.mul(tf.mul(values, 1 / (1 - rate)), numbers(keep, values))
  return customGradient<T>([x], ([x]) => ({ value: masked(x, keep), saved: [keep], gradient: (dy, [keep]) => [masked(dy, keep)] }))
}

/**
 * Softmax over the last axis, of which units that are not kept become 0. The others are left as they are: it is cheaper to divide by the
 * share that is kept what it is multiplied with, the values of an attention. Without a mask plain softmax.
 */
export function softmaxKeeping<T extends tf.Tensor>(logits: T, mask: DropoutMask): T {
  return customGradient<T>([logits], ([logits]) => {
    const y = tf.softmax(logits)
    const kept = tf.mul(y, numbers(mask.keep, y))
    return { value: kept, saved: [y, kept], gradient: (dy, [y, kept]) => [backward(dy, y, kept)] }
  })
}

/** With y ∘ keep at hand the mask is not needed again. */
function backward(dy: tf.Tensor, y: tf.Tensor, kept: tf.Tensor): tf.Tensor {
  const weighted = tf.mul(dy, kept)
  return tf.sub(weighted, tf.mul(y, tf.sum(weighted, -1, true)))
}

const numbers = (keep: tf.Tensor, like: tf.Tensor) => tf.cast(tf.reshape(keep, like.shape), 'float32')
