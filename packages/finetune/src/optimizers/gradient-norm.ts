import { add, compileFused, elementwise, fusedMemory, mul, type Term } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { Gradient } from './optimizer.js'

const square = (x: Term) => mul(x, x)
const one = elementwise(['sums', 'a'], [], ({ sums, a }) => ({ sums: add(sums, square(a)) }))
/** Several blocks at a time: the sums are then read and written that much less often. */
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const
const several = elementwise(['sums', ...names], [], ({ sums, ...blocks }) => ({
  sums: names.reduce((total, name) => add(total, square(blocks[name])), sums),
}))

/** Sums that are kept side by side: each is of so few squares that single precision is enough. */
const lanes = 16_384

/**
 * The Euclidean norm of all gradients together; sparse ones count with the rows they have. NaN or infinite where one of them is.
 * Make it once and use it at each step.
 */
export function gradientNorm(): (gradients: ReadonlyMap<string, Gradient>) => number {
  const memory = fusedMemory([lanes])
  const [sums] = memory.arrays
  const [addOne, addSeveral] = [compileFused(one, { memory }), compileFused(several, { memory })]
  return (gradients) => {
    sums.fill(0)
    let rest = 0
    for (const { data } of gradients.values()) {
      const block = (at: number) => data.subarray(at, at + lanes)
      let at = 0
      for (; at + names.length * lanes <= data.length; at += names.length * lanes) {
        const [a, b, c, d, e, f, g] = names.map((_, i) => block(at + i * lanes))
        addSeveral.run({ sums, a, b, c, d, e, f, g }, {})
      }
      for (; at + lanes <= data.length; at += lanes) addOne.run({ sums, a: block(at) }, {})
      for (; at < data.length; at++) rest += data[at] * data[at]
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
