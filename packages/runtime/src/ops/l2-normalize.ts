import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'

/**
 * Scales vectors along the last axis to length 1: `x / max(‖x‖, epsilon)`.
 * A zero vector stays zero and has gradient zero (its direction is not defined), so nothing becomes infinite.
 *
 * @param epsilon as in `torch.nn.functional.normalize`: 1e-12
 */
export function l2Normalize<T extends tf.Tensor>(x: T, epsilon = 1e-12): T {
  return customGradient<T>([x], ([x]) => {
    const norm = tf.sqrt(tf.sum(tf.square(x), -1, true))
    const inverse = tf.reciprocal(tf.maximum(norm, epsilon))
    const y = tf.mul(x, inverse)
    // norm · inverse is 1, but 0 for a zero vector: that is what makes its gradient zero.
    const scale = tf.mul(inverse, tf.mul(norm, inverse))
    return {
      value: y,
      saved: [y, scale],
      gradient: (dy, [y, scale]) => [tf.mul(scale, tf.sub(dy, tf.mul(y, tf.sum(tf.mul(dy, y), -1, true))))],
    }
  })
}
