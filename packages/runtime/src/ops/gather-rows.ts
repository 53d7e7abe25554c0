import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'

/**
 * Rows of a table by number, with the gradient of the table.
 *
 * @param table `[rows, width]`
 * @param ids int32 of any shape
 * @returns `[…ids.shape, width]`
 */
export function gatherRows<T extends tf.Tensor = tf.Tensor>(table: tf.Tensor2D, ids: tf.Tensor): T {
  const [rows, width] = table.shape
  return customGradient<T>([table], ([table]) => {
    const flat = tf.reshape(ids, [-1])
    return {
      value: tf.reshape(tf.gather(table, flat as tf.Tensor1D), [...ids.shape, width]),
      saved: [flat],
      gradient: (dy, [flat]) => [tf.unsortedSegmentSum(tf.reshape(dy, [-1, width]), flat as tf.Tensor1D, rows)],
    }
  })
}
