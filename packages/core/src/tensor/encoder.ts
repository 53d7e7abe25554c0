import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { Role } from '../embedder.js'
import type { Vectors } from '../vectors.js'
import type { DropoutLayer, Mode } from './backbone.js'
import type { InputShapes, Inputs, Parameters, Tensors, Weights } from './host-tensor.js'

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
  /** Whether an item makes the same vector as a query and as a document. Default: false. */
  readonly symmetric?: boolean
  /** See `Backbone.lookups`. */
  readonly lookups: Readonly<Record<string, string>>
  /** See `Backbone.statistics`. */
  readonly statistics?: ReadonlyMap<string, number>
  /** See `Backbone.dropouts`. */
  readonly dropouts?: (inputs: InputShapes) => ReadonlyMap<string, DropoutLayer>
  /** `[batch, dim]`, of unit length where the encoder normalises. */
  forward(inputs: Tensors, weights: Weights, mode: Mode): Tensor2D
  /** The same result without an engine: plain JavaScript where that is faster (a table of token embeddings), a graph that is loaded already. */
  readonly direct?: (inputs: Inputs, parameters: Parameters) => Vectors | Promise<Vectors>
  /** The same encoder with other weights of the same shapes. @throws `weights.missing`, `weights.shape` */
  withParameters(parameters: Parameters): Encoder<Item, P>
  /**
   * Cuts the encoder where training begins: its body is as much of it as makes one vector an item from frozen weights alone, its head the
   * rest. Undefined where there is no such place, or nothing behind it. What the body makes of an item can be kept from then on.
   */
  cut?(frozen: (name: string) => boolean): EncoderCut<Item, P> | undefined
}

/** An encoder in two parts: `head.forward(body.forward(inputs))` is what the whole makes. Weights keep their names. */
export interface EncoderCut<Item, P extends Prepared> {
  readonly body: Encoder<Item, P>
  /** Its input `features [batch, body.dim] float32` is what the body makes. */
  readonly head: Pick<Encoder, 'dim' | 'parameters' | 'dropouts' | 'forward'>
}
