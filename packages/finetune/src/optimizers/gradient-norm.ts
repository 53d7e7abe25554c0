import { add, compileFused, elementwise, fusedMemory, mul } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { Gradient } from './optimizer.js'

const squares = elementwise(['sums', 'g'], [], ({ sums, g }) => ({ sums: add(sums, mul(g, g)) }))

/** Sums that are kept side by side: each is of so few squares that single precision is enough. */
const lanes = 16_384

/**
 * The Euclidean norm of all gradients together; sparse ones count with the rows they have. NaN or infinite where one of them is.
 * Make it once and use it at each step.
 */
export function gradientNorm(): (gradients: ReadonlyMap<string, Gradient>) => number {
  const memory = fusedMemory([lanes])
  const [sums] = memory.arrays
  const kernel = compileFused(squares, { memory })
  return (gradients) => {
    sums.fill(0)
    let rest = 0
    for (const { data } of gradients.values()) {
      const even = data.length - (data.length % lanes)
      for (let start = 0; start < even; start += lanes) kernel.run({ sums, g: data.subarray(start, start + lanes) }, {})
      for (let i = even; i < data.length; i++) rest += data[i] * data[i]
    }
    return Math.sqrt(sums.reduce((total, sum) => total + sum, rest))
  }
}

/** The same norm of tensors. */
export const gradientNormOnTensors = (gradients: readonly tf.Tensor[]): tf.Scalar =>
  tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)) as tf.Scalar)))

/**
 * The factor that brings gradients of this norm to at most `maxNorm`, as `torch.nn.utils.clip_grad_norm_` computes it.
 * @returns 1 where nothing has to be clipped
 */
export const clipScale = (norm: number, maxNorm: number): number => Math.min(1, maxNorm / (norm + 1e-6))

/** The same factor as a tensor. */
export const clipScaleOnTensors = (norm: tf.Scalar, maxNorm: number): tf.Scalar => tf.minimum(1, tf.div(maxNorm, tf.add(norm, 1e-6)))
