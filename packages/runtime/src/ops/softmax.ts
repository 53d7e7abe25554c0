import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { SoftmaxGrad } from './kernel-names.js'
import { hasKernel, runKernel } from './run-kernel.js'

/** Softmax over the last axis, with a gradient in one kernel where the backend has it. */
export function softmax<T extends tf.Tensor>(logits: T): T {
  return customGradient<T>([logits], ([logits]) => {
    const value = tf.softmax(logits)
    return { value, saved: [value], gradient: (dy, [y]) => [softmaxGradient(dy, y)] }
  })
}

/** @returns the gradient of what went into the softmax over the last axis */
export function softmaxGradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  if (hasKernel(SoftmaxGrad)) return runKernel(SoftmaxGrad, { dy, y })
  const weighted = tf.mul(dy, y)
  return tf.sub(weighted, tf.mul(y, tf.sum(weighted, -1, true)))
}
