import { MsError } from '@ms/core'
import type { Loss } from '@ms/core/tensor'
import { l2Normalize } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

export interface TripletOptions {
  /** Default: `euclidean`. */
  distance?: 'euclidean' | 'cosine'
  /** How much nearer the positive must be. Default: 5 for `euclidean`, 0.5 for `cosine`. */
  margin?: number
}

/** Added under the root: its slope at 0 is infinite. */
const epsilon = 1e-6

/**
 * loss = mean of max(0, d(a, p) − d(a, n) + margin) (Schroff, Kalenichenko and Philbin 2015; TripletLoss of sentence-transformers).
 * `euclidean` is ‖a − b + 1e-6‖ as PyTorch has it, `cosine` is 1 − cos. With several negatives, the mean over them.
 *
 * @throws `loss.option` for a negative margin
 */
export function tripletLoss({ distance = 'euclidean', margin = distance === 'cosine' ? 0.5 : 5 }: TripletOptions = {}): Loss {
  if (!(margin >= 0 && Number.isFinite(margin))) throw new MsError('loss.option', `the margin is ${margin}`, { where: 'margin' })
  const between = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor =>
    distance === 'cosine'
      ? tf.sub(1, tf.sum(tf.mul(l2Normalize(a), l2Normalize(b)), -1))
      : tf.sqrt(tf.sum(tf.square(tf.add(tf.sub(a, b), epsilon)), -1))
  return {
    name: `triplet(${distance}, margin ${margin})`,
    columns: 'triplet',
    compute: ({ embeddings: [anchor, positive, ...negatives] }) => {
      const near = between(anchor, positive)
      const each = negatives.map((negative) => tf.relu(tf.add(tf.sub(near, between(anchor, negative)), margin)))
      return tf.mean(tf.stack(each)) as tf.Scalar
    },
  }
}
