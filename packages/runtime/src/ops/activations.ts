import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'

/** min(max(x, 0), 6), with the slope of torch at the corners: 0. */
export function relu6<T extends tf.Tensor>(x: T): T {
  return customGradient<T>([x], ([x]) => {
    const value = tf.clipByValue(x, 0, 6)
    return { value, saved: [value], gradient: (dy, [y]) => [between(dy, y, 0, 6)] }
  })
}

/** min(max(x + 3, 0), 6) / 6, a sigmoid of straight lines (Howard et al. 2019). */
export function hardSigmoid<T extends tf.Tensor>(x: T): T {
  return customGradient<T>([x], ([x]) => {
    const value = tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1)
    return { value, saved: [value], gradient: (dy, [y]) => [between(tf.mul(dy, 1 / 6), y, 0, 1)] }
  })
}

/** x · hardSigmoid(x) (Howard et al. 2019). */
export function hardSwish<T extends tf.Tensor>(x: T): T {
  return customGradient<T>([x], ([x]) => {
    const gate = tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1)
    const value = tf.mul(x, gate)
    return {
      value,
      saved: [x, gate],
      // gate + x · gate′, where gate′ is 1/6 between the corners
      gradient: (dy, [x, gate]) => [tf.mul(dy, tf.add(gate, between(tf.mul(x, 1 / 6), gate, 0, 1)))],
    }
  })
}

/** x · σ(x), the sigmoid linear unit, also called swish (Hendrycks, Gimpel 2016; Ramachandran et al. 2017). */
export function silu<T extends tf.Tensor>(x: T): T {
  return swish(x, 1)
}

/** x · σ(1.702 · x), CLIP's approximation of gelu. */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  return swish(x, 1.702)
}

/** x · σ(beta · x) */
function swish<T extends tf.Tensor>(x: T, beta: number): T {
  return customGradient<T>([x], ([x]) => {
    const gate = tf.sigmoid(beta === 1 ? x : tf.mul(x, beta))
    const value = tf.mul(x, gate)
    return {
      value,
      saved: [value, gate],
      gradient: (dy, [y, gate]) => {
        const slope = tf.mul(y, tf.sub(1, gate))
        return [tf.mul(dy, tf.add(gate, beta === 1 ? slope : tf.mul(slope, beta)))]
      },
    }
  })
}

/** What of `values` belongs to a place where `y` lies between the bounds, elsewhere 0. */
function between(values: tf.Tensor, y: tf.Tensor, low: number, high: number): tf.Tensor {
  return tf.mul(values, tf.cast(tf.logicalAnd(tf.greater(y, low), tf.less(y, high)), 'float32'))
}
