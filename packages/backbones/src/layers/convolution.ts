import { conv2d } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { batchNormShapes, normalisedConvolution } from './batch-norm.js'
import type { Layer, NamedShape } from './layer.js'
import { applyActivation, type MapActivation } from './map-activation.js'

export interface ConvolutionOptions {
  /** Name of the convolution: `NAME.weight [to, from / groups, kernel, kernel]`. */
  readonly name: string
  /** Name of the batch norm after it; absent: none. */
  readonly norm?: string
  /** Whether it has `NAME.bias [to]`. Default: where there is no batch norm. */
  readonly bias?: boolean
  readonly from: number
  readonly to: number
  readonly kernel: number
  /** Default: 1. */
  readonly stride?: number
  /** Default: 1; `from`: each channel on its own. */
  readonly groups?: number
  /** Margins so that stride 1 keeps the size, equal on both sides (torch); `same`: the larger one below and right (TensorFlow). Default: `symmetric`. */
  readonly padding?: MapPadding
  readonly activation?: MapActivation
}

export type MapPadding = 'symmetric' | 'same'

/** Convolution → batch norm → activation, of which the last two may be absent. */
export function convolution(options: ConvolutionOptions): Layer {
  const { name, norm, from, to, kernel, stride = 1, groups = 1, activation } = options
  const bias = options.bias ?? norm === undefined
  const padding = options.padding === 'same' ? 'same' : (kernel - 1) / 2
  const shapes: NamedShape[] = [[`${name}.weight`, [to, from / groups, kernel, kernel]]]
  if (bias) shapes.push([`${name}.bias`, [to]])
  if (norm !== undefined) shapes.push(...batchNormShapes(norm, to))
  return {
    shapes,
    forward: (x, pass) => {
      const filter = pass.weights.get(`${name}.weight`) as tf.Tensor4D
      const how = { stride, padding, groups } as const
      const own = bias ? (pass.weights.get(`${name}.bias`) as tf.Tensor1D) : undefined
      const value = norm === undefined ? conv2d(x, filter, how) : normalisedConvolution(x, filter, how, norm, pass, own)
      return applyActivation(norm === undefined && own ? tf.add(value, own) : value, activation)
    },
  }
}
