import * as tf from '@tensorflow/tfjs-core'
import {
  type BagMode,
  EmbeddingBag,
  type EmbeddingBagAttrs,
  EmbeddingBagGrad,
  type EmbeddingBagGradAttrs,
  type EmbeddingBagGradInputs,
  type EmbeddingBagInputs,
  EmbeddingBagWeightsGrad,
  type EmbeddingBagWeightsGradInputs,
} from '../../ops/kernel-names.js'
import { hostKernel } from './host-kernel.js'
import { tensorOf } from './tensor-of.js'

/**
 * Sums of table rows and their gradients for backends whose memory JavaScript does not see: composed of gathers and segment
 * sums, so that the work grows with the number of ids and not with bags × ids.
 */
export function composedBagKernels(backendName: string): tf.KernelConfig[] {
  return [
    hostKernel<EmbeddingBagInputs, EmbeddingBagAttrs>(EmbeddingBag, backendName, ({ table, ids, offsets, weights }, { mode }) =>
      tf.tidy(() => {
        const bags = offsets.shape[0] - 1
        if (ids.shape[0] === 0) return tf.zeros([bags, table.shape[1]])
        const rows = weighted(tf.gather(tensorOf<tf.Tensor2D>(table), tensorOf<tf.Tensor1D>(ids)), weights)
        const sums = tf.unsortedSegmentSum(rows, bagOfEach(tensorOf<tf.Tensor1D>(offsets), ids.shape[0]), bags)
        return scaled(sums, tensorOf<tf.Tensor1D>(offsets), mode)
      }),
    ),
    hostKernel<EmbeddingBagGradInputs, EmbeddingBagGradAttrs>(
      EmbeddingBagGrad,
      backendName,
      ({ dy, ids, offsets, weights }, { mode, rows }) =>
        tf.tidy(() => {
          if (ids.shape[0] === 0) return tf.zeros([rows, dy.shape[1]])
          const each = weighted(gradientOfEach(tensorOf<tf.Tensor2D>(dy), tensorOf<tf.Tensor1D>(offsets), ids.shape[0], mode), weights)
          return tf.unsortedSegmentSum(each, tensorOf<tf.Tensor1D>(ids), rows)
        }),
    ),
    hostKernel<EmbeddingBagWeightsGradInputs, EmbeddingBagAttrs>(
      EmbeddingBagWeightsGrad,
      backendName,
      ({ dy, table, ids, offsets }, { mode }) =>
        tf.tidy(() => {
          if (ids.shape[0] === 0) return tf.zeros([0])
          const each = gradientOfEach(tensorOf<tf.Tensor2D>(dy), tensorOf<tf.Tensor1D>(offsets), ids.shape[0], mode)
          return tf.sum(tf.mul(each, tf.gather(tensorOf<tf.Tensor2D>(table), tensorOf<tf.Tensor1D>(ids))), 1)
        }),
    ),
  ]
}

/** `[n]` int32: the bag of each id, as the number of bags that begin at it or before it, less one. */
function bagOfEach(offsets: tf.Tensor1D, n: number): tf.Tensor1D {
  const later = offsets.shape[0] - 2
  if (later === 0) return tf.zeros([n], 'int32')
  // One longer than there are ids: empty bags at the end begin there. float32, as not every device adds integers up.
  const begins = tf.scatterND(tf.reshape(tf.slice(offsets, [1], [later]), [later, 1]), tf.ones([later]), [n + 1]) as tf.Tensor1D
  return tf.cast(tf.slice(tf.cumsum<tf.Tensor1D>(begins), [0], [n]), 'int32') as tf.Tensor1D
}

/** The gradient of the bag of each id, `[n, width]`. */
function gradientOfEach(dy: tf.Tensor2D, offsets: tf.Tensor1D, n: number, mode: BagMode): tf.Tensor2D {
  return tf.gather(scaled(dy, offsets, mode), bagOfEach(offsets, n))
}

function scaled<T extends tf.Tensor>(bags: T, offsets: tf.Tensor1D, mode: BagMode): T {
  if (mode === 'sum') return bags
  const count = offsets.shape[0] - 1
  const sizes = tf.sub(tf.slice(offsets, [1], [count]), tf.slice(offsets, [0], [count]))
  return tf.div(bags, tf.maximum(tf.reshape(tf.cast(sizes, 'float32'), [count, 1]), 1))
}

function weighted(rows: tf.Tensor2D, weights: tf.TensorInfo | undefined): tf.Tensor2D {
  return weights ? tf.mul(rows, tf.reshape(tensorOf<tf.Tensor1D>(weights), [-1, 1])) : rows
}
