import { MsError } from '@ms/core'
import type { Loss } from '@ms/core/tensor'
import { l2Normalize } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { sameClass } from './same-class.js'

export interface BatchHardTripletOptions {
  /** Default: `euclidean`. */
  distance?: 'euclidean' | 'cosine'
  /** How much nearer the farthest item of the class must be than the nearest other one; `soft`: log(1 + e^…) instead. Default: 5, for `cosine` 0.5. */
  margin?: number | 'soft'
  /** Examples of a class in a batch. Default: 4. */
  perClass?: number
}

/** Under the root, where a distance is 0: its slope there is infinite. */
const epsilon = 1e-16

/**
 * For each item of the batch, its farthest item of the same class against its nearest item of another one (Hermans, Beyer and Leibe 2017;
 * BatchHardTripletLoss and BatchHardSoftMarginTripletLoss of sentence-transformers):
 *
 *   loss = mean of max(0, d(a, p_hardest) − d(a, n_hardest) + margin)
 *
 * @throws `loss.option` for a negative margin
 */
export function batchHardTriplet({
  distance = 'euclidean',
  margin = distance === 'cosine' ? 0.5 : 5,
  perClass = 4,
}: BatchHardTripletOptions = {}): Loss {
  if (margin !== 'soft' && !(margin >= 0 && Number.isFinite(margin)))
    throw new MsError('loss.option', `the margin is ${margin}`, { where: 'margin' })
  return {
    name: `batch-hard-triplet(${distance}, margin ${margin})`,
    columns: 'labelled',
    perClass,
    inputs: ({ labels = [] }) => sameClass(labels),
    compute: ({ embeddings: [items], inputs }) => {
      const distances = distance === 'cosine' ? cosineDistances(items) : euclideanDistances(items)
      const { positive, same } = inputs
      const farthest = tf.max(tf.mul(distances, positive), 1)
      // Items of the same class are pushed beyond the farthest of all.
      const most = tf.max(distances, 1, true)
      const nearest = tf.min(tf.add(distances, tf.mul(most, same)), 1)
      const gap = tf.sub(farthest, nearest)
      return tf.mean(margin === 'soft' ? softplus(gap) : tf.relu(tf.add(gap, margin))) as tf.Scalar
    },
  }
}

function cosineDistances(items: tf.Tensor2D): tf.Tensor2D {
  const unit = l2Normalize(items)
  return tf.sub(1, tf.matMul(unit, unit, false, true))
}

function euclideanDistances(items: tf.Tensor2D): tf.Tensor2D {
  const products = tf.matMul(items, items, false, true)
  const squares = tf.sum(tf.square(items), 1, true)
  const squared = tf.relu(tf.add(tf.sub(squares, tf.mul(products, 2)), tf.transpose(squares)))
  const zero = tf.sub(1, tf.step(squared))
  return tf.mul(tf.sqrt(tf.add(squared, tf.mul(zero, epsilon))), tf.sub(1, zero))
}

/** log(1 + eˣ) without overflow. */
const softplus = (x: tf.Tensor) => tf.add(tf.relu(x), tf.log(tf.add(tf.exp(tf.neg(tf.abs(x))), 1)))
