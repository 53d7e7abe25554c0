import { l2Normalize } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

/** Cosine of every row of `a` `[n, dim]` with every row of `b` `[m, dim]`: `[n, m]`. A zero row has cosine 0 with everything. */
export const cosineMatrix = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D => tf.matMul(l2Normalize(a), l2Normalize(b), false, true)

/** Cosine of row i of `a` with row i of `b`: `[n]`. */
export const pairedCosine = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor1D => tf.sum(tf.mul(l2Normalize(a), l2Normalize(b)), -1)
