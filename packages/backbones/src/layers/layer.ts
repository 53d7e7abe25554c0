import type { Mode, Weights } from '@ms/core/tensor'
import type * as tf from '@tensorflow/tfjs-core'

/** A parameter's name and shape. */
export type NamedShape = readonly [name: string, shape: readonly number[]]

/** What a forward pass carries along. */
export interface Pass {
  readonly weights: Weights
  readonly mode: Mode
  /** Of batch norm, one for the whole network. */
  readonly epsilon: number
}

/** A part of a convolutional network: the weights it reads, and what it makes of a map `[batch, height, width, channels]`. */
export interface Layer {
  readonly shapes: readonly NamedShape[]
  forward(x: tf.Tensor4D, pass: Pass): tf.Tensor4D
}

/** One layer after the other. */
export const sequence = (layers: readonly Layer[]): Layer => ({
  shapes: layers.flatMap(({ shapes }) => shapes),
  forward: (x, pass) => layers.reduce((value, layer) => layer.forward(value, pass), x),
})
