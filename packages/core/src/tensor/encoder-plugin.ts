import type { Modality } from '../data/examples.js'
import type { Encoder, Prepared } from './encoder.js'
import type { Parameters } from './host-tensor.js'

/** An encoder that a plug-in makes: what it is besides its weights is in `config`. */
export interface PluginEncoder<Item = string, P extends Prepared = Prepared> extends Encoder<Item, P> {
  /**
   * Everything that decides about its vectors besides its weights, as plain JSON: sizes, how items are taken apart, a version of the rules.
   * It is saved with the weights, given back to `load`, and part of the encoder's space.
   */
  readonly config: Readonly<Record<string, unknown>>
  withParameters(parameters: Parameters): PluginEncoder<Item, P>
}

/**
 * How a kind of encoder joins in that this project does not know: a value that is handed to `loadModel` and `openModel`, or the default
 * export of a module that the command line is given with `--plugin`. There is no registry, and nothing that lies beside data is ever run.
 *
 * Whoever loads it takes care of the rest: weights are kept as safetensors, `config` beside them under the plug-in's name, checkpoints, resuming,
 * measuring and searching are the same as for any other encoder. `describeEncoder` of `@ms/testing` examines what it makes.
 *
 * @example
 * ```ts
 * import type { EncoderPlugin } from '@ms/core/tensor'
 *
 * export function describe({ name, modality }: EncoderPlugin): string {
 *   return `${name} makes encoders of ${modality === 'text' ? 'texts' : 'pictures'}`
 * }
 * ```
 */
export interface EncoderPlugin<Item = string, P extends Prepared = Prepared> {
  /** What its models are known by, and what a fresh one is called with `--model`: lower-case letters, digits and dashes. Never changes. */
  readonly name: string
  /** What its items are: texts, or pictures by the path or the bytes of their file. */
  readonly modality: Modality
  /** A fresh encoder; everything random in it comes from the seed. */
  create(options: { readonly seed: number }): PluginEncoder<Item, P> | Promise<PluginEncoder<Item, P>>
  /**
   * The encoder that was saved with this config and these weights, which may come from an earlier version of the plug-in.
   * @param where for messages: the file that the config stands in
   * @throws `config.invalid` naming the field, `weights.missing`, `weights.shape`
   */
  load(config: unknown, parameters: Parameters, where: string): PluginEncoder<Item, P> | Promise<PluginEncoder<Item, P>>
}
