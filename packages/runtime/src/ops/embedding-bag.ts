import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { gatherRows } from './gather-rows.js'
import { type BagMode, EmbeddingBag, EmbeddingBagGrad, EmbeddingBagWeightsGrad } from './kernel-names.js'
import { hasKernel, runKernel } from './run-kernel.js'

export interface EmbeddingBagOptions {
  /** `mean` divides by the number of ids in the bag, also where they are weighted. Default: `mean`. */
  readonly mode?: BagMode
  /** `[n]` float32, a factor for each id. Differentiated too. Default: all 1. */
  readonly weights?: tf.Tensor1D
}

/**
 * Sums or averages table rows bag by bag, without ever building the gathered rows where the backend has a kernel for it.
 * An empty bag gives a zero vector. As `torch.nn.EmbeddingBag` with `include_last_offset`.
 *
 * @param table `[rows, width]` float32
 * @param ids `[n]` int32
 * @param offsets `[bags + 1]` int32, ascending, from 0 to n: bag b holds `ids[offsets[b] … offsets[b + 1] − 1]`
 * @returns `[bags, width]`
 */
export function embeddingBag(table: tf.Tensor2D, ids: tf.Tensor1D, offsets: tf.Tensor1D, options: EmbeddingBagOptions = {}): tf.Tensor2D {
  const { mode = 'mean', weights } = options
  const complete = hasKernel(EmbeddingBag) && hasKernel(EmbeddingBagGrad) && (!weights || hasKernel(EmbeddingBagWeightsGrad))
  if (!complete) return composedEmbeddingBag(table, ids, offsets, options)
  const rows = table.shape[0]
  if (!weights) {
    return customGradient<tf.Tensor2D>([table], ([table]) => ({
      value: runKernel(EmbeddingBag, { table, ids, offsets }, { mode }),
      saved: [ids, offsets],
      gradient: (dy, [ids, offsets]) => [runKernel(EmbeddingBagGrad, { dy, ids, offsets }, { mode, rows })],
    }))
  }
  return customGradient<tf.Tensor2D>([table, weights], ([table, weights]) => ({
    value: runKernel(EmbeddingBag, { table, ids, offsets, weights }, { mode }),
    saved: [table, weights, ids, offsets],
    gradient: (dy, [table, weights, ids, offsets]) => [
      runKernel(EmbeddingBagGrad, { dy, ids, offsets, weights }, { mode, rows }),
      runKernel(EmbeddingBagWeightsGrad, { dy, table, ids, offsets }, { mode }),
    ],
  }))
}

/** The same of ordinary ops, for backends without these kernels: a product with the `[bags, n]` matrix of who is in which bag. */
export function composedEmbeddingBag(
  table: tf.Tensor2D,
  ids: tf.Tensor1D,
  offsets: tf.Tensor1D,
  options: EmbeddingBagOptions = {},
): tf.Tensor2D {
  const { mode = 'mean', weights } = options
  const bags = offsets.shape[0] - 1
  const n = ids.shape[0]
  if (n === 0) return tf.mul(tf.zeros([bags, 1]), tf.sum(table, 0, true))
  const first = tf.expandDims(tf.slice(offsets, [0], [bags]), 1)
  const end = tf.expandDims(tf.slice(offsets, [1], [bags]), 1)
  const position = tf.expandDims(tf.range(0, n, 1, 'int32'), 0)
  const inside = tf.cast(tf.logicalAnd(tf.greaterEqual(position, first), tf.less(position, end)), 'float32')
  const share = mode === 'sum' ? inside : tf.div(inside, tf.maximum(tf.cast(tf.sub(end, first), 'float32'), 1))
  const rows = gatherRows<tf.Tensor2D>(table, ids)
  return tf.matMul(share as tf.Tensor2D, weights ? tf.mul(rows, tf.expandDims(weights, 1)) : rows)
}
