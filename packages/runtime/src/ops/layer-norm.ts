import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { LayerNorm, type LayerNormAttrs, LayerNormGrad, type LayerNormGradInputs, type LayerNormInputs } from './kernel-names.js'
import { hasKernel, runKernelMany } from './run-kernel.js'

/**
 * Layer normalisation over the last axis: `(x − mean) / √(variance + epsilon) · gamma + beta` (Ba, Kiros, Hinton 2016).
 *
 * @param x `[…leading, width]`
 * @param gamma `[width]`
 * @param beta `[width]`
 * @param epsilon 1e-12 in BERT, 1e-5 in most others
 */
export function layerNorm<T extends tf.Tensor>(x: T, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): T {
  return customGradient<T>([x, gamma, beta], ([x, gamma, beta]) => {
    const [value, mean, invStdDev] = forward({ x, gamma, beta }, { epsilon })
    return {
      value,
      saved: [x, gamma, mean, invStdDev],
      gradient: (dy, [x, gamma, mean, invStdDev]) => backward({ dy, x, gamma, mean, invStdDev }),
    }
  })
}

function forward(inputs: LayerNormInputs, attrs: LayerNormAttrs): tf.Tensor[] {
  if (hasKernel(LayerNorm)) return runKernelMany(LayerNorm, inputs, attrs)
  const { x, gamma, beta } = inputs
  const mean = tf.mean(x, -1, true)
  const centred = tf.sub(x, mean)
  const variance = tf.mean(tf.square(centred), -1, true)
  const invStdDev = tf.rsqrt(tf.add(variance, attrs.epsilon))
  return [tf.add(tf.mul(tf.mul(centred, invStdDev), gamma), beta), mean, invStdDev]
}

function backward(inputs: LayerNormGradInputs): tf.Tensor[] {
  if (hasKernel(LayerNormGrad)) return runKernelMany(LayerNormGrad, inputs)
  const { dy, x, gamma, mean, invStdDev } = inputs
  const leading = x.shape.map((_, axis) => axis).slice(0, -1)
  const normal = tf.mul(tf.sub(x, mean), invStdDev)
  const dNormal = tf.mul(dy, gamma)
  const along = tf.mean(tf.mul(dNormal, normal), -1, true)
  const dx = tf.mul(invStdDev, tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), tf.mul(normal, along)))
  return [dx, tf.sum(tf.mul(dy, normal), leading), tf.sum(dy, leading)]
}
