import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { Role } from '../embedder.js'
import type { Vectors } from '../vectors.js'
import type { Mode } from './backbone.js'
import type { Inputs, Parameters, Tensors, Weights } from './host-tensor.js'

/** One item made ready once (tokens, pixels); a batch is put together from it any number of times. */
export interface Prepared {
  /** How much work it is: number of tokens; 1 for a picture. Batches are made of items of like cost. */
  readonly cost: number
}

/** Turns items into the arrays a backbone reads. */
export interface Processor<Item, P extends Prepared = Prepared> {
  /** The slow part, item by item: tokenising with prompt and truncation, decoding. */
  prepare(items: readonly Item[], role: Role): P[] | Promise<P[]>
  /** The quick part: padding and stacking. */
  collate(batch: readonly P[]): Inputs
}

/** Processor → backbone → pooling → dense → normalise, with its weights. A value: `withParameters` makes another. */
export interface Encoder<Item = string, P extends Prepared = Prepared> {
  readonly dim: number
  readonly processor: Processor<Item, P>
  readonly parameters: Parameters
  /** See `Backbone.lookups`. */
  readonly lookups: Readonly<Record<string, string>>
  /** See `Backbone.statistics`. */
  readonly statistics?: ReadonlyMap<string, number>
  /** `[batch, dim]`, of unit length where the encoder normalises. */
  forward(inputs: Tensors, weights: Weights, mode: Mode): Tensor2D
  /** The same result in plain JavaScript, where that is faster than any engine (a table of token embeddings). */
  readonly direct?: (inputs: Inputs, parameters: Parameters) => Vectors
  /** The same encoder with other weights of the same shapes. @throws `weights.missing`, `weights.shape` */
  withParameters(parameters: Parameters): Encoder<Item, P>
}
