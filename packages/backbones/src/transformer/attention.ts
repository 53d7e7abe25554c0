import type { DropoutMask } from '@ms/core/tensor'
import { attendDropping, softmax } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

/** Added to the score of a token that is not to be seen. exp() of it is 0 in float32, and rows without any token stay finite. */
export const masked = -1e9

export interface AttentionShape {
  readonly batch: number
  readonly tokens: number
  readonly heads: number
}

/**
 * softmax(Q Kᵀ / √d + bias) V for all heads. Heads are split by one transpose each, the keys' straight into the layout that the
 * scores need.
 *
 * @param query, key, value `[batch × tokens, width]`
 * @param bias broadcasts to `[batch, heads, tokens, tokens]`
 * @param mask of the probabilities, while training with dropout
 * @returns `[batch × tokens, width]`
 */
export function attention(
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  value: tf.Tensor2D,
  { batch, tokens, heads }: AttentionShape,
  bias?: tf.Tensor,
  mask?: DropoutMask,
): tf.Tensor2D {
  const width = query.shape[1]
  const size = width / heads
  const split = (x: tf.Tensor2D, order: number[]) => tf.transpose(tf.reshape(x, [batch, tokens, heads, size]), order)
  // The scale goes to the queries, which are fewer numbers than the scores.
  const queries = split(tf.mul(query, 1 / Math.sqrt(size)), [0, 2, 1, 3]) // [batch, heads, tokens, size]
  const keys = split(key, [0, 2, 3, 1]) // [batch, heads, size, tokens]
  const values = split(mask ? tf.mul(value, 1 / (1 - mask.rate)) : value, [0, 2, 1, 3])
  const product = tf.matMul(queries, keys)
  const scores = bias ? tf.add(product, bias) : product
  const context = mask ? attendDropping(scores, values, mask) : tf.matMul(softmax(scores), values) // [batch, heads, tokens, size]
  return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [batch * tokens, width])
}
