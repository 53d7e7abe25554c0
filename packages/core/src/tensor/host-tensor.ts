import type { Tensor } from '@tensorflow/tfjs-core'

/** float32, int32, and bool, whose bytes are 0 or 1. */
export type HostData = Float32Array | Int32Array | Uint8Array

/** A tensor in ordinary memory, row-major. Its dtype is that of `data`. */
export interface HostTensor<D extends HostData = HostData> {
  readonly shape: readonly number[]
  readonly data: D
}

/** The weights of a network, float32, by the names of its checkpoint: `encoder.layer.0.attention.self.query.weight`. */
export type Parameters = ReadonlyMap<string, HostTensor<Float32Array>>

/**
 * What a function reads at each call, by name: `input_ids [batch, tokens] int32`. Sizes may differ from call to call, but the last one of
 * a bool input is the function's own: it says of how many units (of a layer, a head) each place has a mask.
 */
export type Inputs = Readonly<Record<string, HostTensor>>

/** Only their sizes. */
export type InputShapes = Readonly<Record<string, { readonly shape: readonly number[] }>>

/** The same inside an engine. */
export type Tensors = Readonly<Record<string, Tensor>>

/**
 * Weights inside an engine, read by name through this one function.
 * LoRA, quantised and frozen weights are wrappers around it, never changes to a backbone.
 */
export interface Weights {
  /** @throws `weights.missing` */
  get(name: string): Tensor
}
