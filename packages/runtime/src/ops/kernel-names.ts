/**
 * Kernels beyond those of TensorFlow.js. The ops in this folder run a kernel where the active backend has it, and are
 * composed of ordinary ops where it has not; so a backend may implement any subset of them.
 *
 * Inputs and attributes are as the interfaces say; outputs:
 *
 * | kernel | outputs |
 * | --- | --- |
 * | LayerNorm | `[y, mean, invStdDev]`; y like x, the others `[…leading, 1]` |
 * | LayerNormGrad | `[dx, dgamma, dbeta]` |
 * | Gelu, GeluGrad | one tensor like x |
 * | SoftmaxGrad | dx, like y; softmax over the last axis |
 * | EmbeddingBag | `[bags, width]` |
 * | EmbeddingBagGrad | `[rows, width]`, gradient of the table |
 * | EmbeddingBagWeightsGrad | `[ids]`, gradient of the per-id weights |
 */
import type { Tensor } from '@tensorflow/tfjs-core'

export const LayerNorm = 'LayerNorm'
export const LayerNormGrad = 'LayerNormGrad'
export const Gelu = 'Gelu'
export const GeluGrad = 'GeluGrad'
export const SoftmaxGrad = 'SoftmaxGrad'
export const EmbeddingBag = 'EmbeddingBag'
export const EmbeddingBagGrad = 'EmbeddingBagGrad'
export const EmbeddingBagWeightsGrad = 'EmbeddingBagWeightsGrad'

/** Normalises over the last axis. */
export interface LayerNormInputs {
  /** `[…leading, width]` */
  x: Tensor
  /** `[width]` */
  gamma: Tensor
  /** `[width]` */
  beta: Tensor
}
export interface LayerNormAttrs {
  epsilon: number
}

export interface LayerNormGradInputs {
  dy: Tensor
  x: Tensor
  gamma: Tensor
  /** `[…leading, 1]`, as LayerNorm gave them. */
  mean: Tensor
  invStdDev: Tensor
}

export interface GeluInputs {
  x: Tensor
}
export interface GeluGradInputs {
  dy: Tensor
  x: Tensor
}
/** `erf`: x·Φ(x). `tanh`: Hendrycks and Gimpel's approximation with a tanh. */
export type GeluApproximation = 'erf' | 'tanh'
export interface GeluAttrs {
  approximation: GeluApproximation
}

export interface SoftmaxGradInputs {
  dy: Tensor
  /** What softmax returned. */
  y: Tensor
}

export type BagMode = 'sum' | 'mean'
export interface EmbeddingBagInputs {
  /** `[rows, width]` float32 */
  table: Tensor
  /** `[n]` int32 */
  ids: Tensor
  /** `[bags + 1]` int32, ascending: bag b holds `ids[offsets[b] … offsets[b + 1] - 1]`. */
  offsets: Tensor
  /** `[n]` float32; absent: all 1. */
  weights?: Tensor
}
export interface EmbeddingBagAttrs {
  mode: BagMode
}

export interface EmbeddingBagGradInputs {
  /** `[bags, width]` */
  dy: Tensor
  ids: Tensor
  offsets: Tensor
  weights?: Tensor
}
export interface EmbeddingBagGradAttrs extends EmbeddingBagAttrs {
  /** Rows of the table. */
  rows: number
}

export interface EmbeddingBagWeightsGradInputs {
  dy: Tensor
  table: Tensor
  ids: Tensor
  offsets: Tensor
}
