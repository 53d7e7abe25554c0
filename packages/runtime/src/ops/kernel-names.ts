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
 * | Convolution | `[batch, height, width, out]` |
 * | ConvolutionInputGrad, ConvolutionFilterGrad | like x, like filter |
 * | MaxPooling, AveragePooling | `[batch, height, width, channels]` |
 * | MaxPoolingGrad, AveragePoolingGrad | dx, like x |
 */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Margins2d } from './sliding-window.js'

export const LayerNorm = 'LayerNorm'
export const LayerNormGrad = 'LayerNormGrad'
export const Gelu = 'Gelu'
export const GeluGrad = 'GeluGrad'
export const SoftmaxGrad = 'SoftmaxGrad'
export const EmbeddingBag = 'EmbeddingBag'
export const EmbeddingBagGrad = 'EmbeddingBagGrad'
export const EmbeddingBagWeightsGrad = 'EmbeddingBagWeightsGrad'
export const Convolution = 'Convolution'
export const ConvolutionInputGrad = 'ConvolutionInputGrad'
export const ConvolutionFilterGrad = 'ConvolutionFilterGrad'
export const MaxPooling = 'MaxPooling'
export const MaxPoolingGrad = 'MaxPoolingGrad'
export const AveragePooling = 'AveragePooling'
export const AveragePoolingGrad = 'AveragePoolingGrad'

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

type Pair = readonly [height: number, width: number]

export interface ConvolutionInputs {
  /** `[batch, height, width, in]` */
  x: Tensor
  /** `[out, in / groups, height, width]` */
  filter: Tensor
}
export interface ConvolutionAttrs {
  strides: Pair
  dilations: Pair
  margins: Margins2d
  groups: number
}
export interface ConvolutionInputGradInputs {
  dy: Tensor
  filter: Tensor
}
export interface ConvolutionInputGradAttrs extends ConvolutionAttrs {
  inputShape: number[]
}
export interface ConvolutionFilterGradInputs {
  x: Tensor
  dy: Tensor
}
export interface ConvolutionFilterGradAttrs extends ConvolutionAttrs {
  filterShape: number[]
}

export interface PoolingInputs {
  /** `[batch, height, width, channels]` */
  x: Tensor
}
/** AveragePooling counts what lies in the margins as zeros. */
export interface PoolingAttrs {
  size: Pair
  strides: Pair
  margins: Margins2d
}
export interface MaxPoolingGradInputs {
  dy: Tensor
  x: Tensor
}
export interface AveragePoolingGradInputs {
  dy: Tensor
}
export interface AveragePoolingGradAttrs extends PoolingAttrs {
  inputShape: number[]
}
