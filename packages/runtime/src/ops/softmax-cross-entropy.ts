import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'

/**
 * Cross entropy between softmax(logits) and targets, a value a row: `−Σ target · log softmax(logits)`.
 * Take `tf.mean` of it for the usual loss.
 *
 * @param logits `[batch, classes]`; a class is taken out by a large negative logit (−1e9 or −Infinity) where its target is 0
 * @param targets `[batch]` int32 class numbers, or `[batch, classes]` float32 weights (usually of sum 1); not differentiated
 * @returns `[batch]`
 */
export function softmaxCrossEntropy(logits: tf.Tensor2D, targets: tf.Tensor1D | tf.Tensor2D): tf.Tensor1D {
  const wanted =
    targets.rank === 1 ? tf.cast(tf.oneHot(tf.cast(targets, 'int32'), logits.shape[1]), 'float32') : tf.cast(targets, 'float32')
  return customGradient<tf.Tensor1D>([logits], ([logits]) => {
    const largest = tf.max(logits, -1, true)
    const shifted = tf.sub(logits, largest)
    const exponentials = tf.exp(shifted)
    const total = tf.sum(exponentials, -1, true)
    const mass = tf.sum(wanted, -1, true)
    // 0 · −Infinity is not a number: what has no weight must not be multiplied.
    const weighted = tf.where(tf.notEqual(wanted, 0), tf.mul(wanted, shifted), tf.zerosLike(shifted))
    const value = tf.sub(tf.squeeze(tf.mul(tf.log(total), mass), [-1]), tf.sum(weighted, -1))
    return {
      value,
      saved: [tf.sub(tf.mul(tf.div(exponentials, total), mass), wanted)],
      gradient: (dy, [slope]) => [tf.mul(tf.expandDims(dy, -1), slope)],
    }
  })
}
