import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { Gelu, type GeluApproximation, GeluGrad } from './kernel-names.js'
import { hasKernel, runKernel } from './run-kernel.js'

const invSqrt2 = Math.SQRT1_2
const invSqrt2Pi = 1 / Math.sqrt(2 * Math.PI)
const sqrt2OverPi = Math.sqrt(2 / Math.PI)
const cubic = 0.044715

/**
 * The Gaussian error linear unit x·Φ(x) (Hendrycks, Gimpel 2016).
 *
 * @param approximation `erf`: exact, `gelu` in checkpoints' configurations; `tanh`: `gelu_new`, `gelu_pytorch_tanh`
 */
export function gelu<T extends tf.Tensor>(x: T, approximation: GeluApproximation = 'erf'): T {
  return customGradient<T>([x], ([x]) => ({
    value: forward(x, approximation),
    saved: [x],
    gradient: (dy, [x]) => [backward(dy, x, approximation)],
  }))
}

function forward(x: tf.Tensor, approximation: GeluApproximation): tf.Tensor {
  if (hasKernel(Gelu)) return runKernel(Gelu, { x }, { approximation })
  const half = tf.mul(x, 0.5)
  return tf.add(half, tf.mul(half, approximation === 'erf' ? tf.erf(tf.mul(x, invSqrt2)) : tf.tanh(inner(x))))
}

function backward(dy: tf.Tensor, x: tf.Tensor, approximation: GeluApproximation): tf.Tensor {
  if (hasKernel(GeluGrad)) return runKernel(GeluGrad, { dy, x }, { approximation })
  const square = tf.square(x)
  if (approximation === 'erf') {
    const cdf = tf.add(tf.mul(tf.erf(tf.mul(x, invSqrt2)), 0.5), 0.5)
    const density = tf.mul(tf.exp(tf.mul(square, -0.5)), invSqrt2Pi)
    return tf.mul(dy, tf.add(cdf, tf.mul(x, density)))
  }
  const t = tf.tanh(inner(x))
  const dInner = tf.add(tf.mul(square, 3 * cubic * sqrt2OverPi), sqrt2OverPi)
  const slope = tf.mul(tf.mul(x, tf.sub(1, tf.square(t))), dInner)
  return tf.mul(tf.mul(dy, 0.5), tf.add(tf.add(t, 1), slope))
}

/** √(2/π)·(x + 0.044715·x³) */
function inner(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(x, sqrt2OverPi), tf.add(tf.mul(tf.square(x), cubic), 1))
}
