import type { DropoutMask } from '@ms/core/tensor'
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'

/** What flows through the modules of an encoder, under the names that sentence-transformers gives them. */
export interface Features {
  /** `[batch, tokens, width]` */
  readonly token_embeddings?: Tensor3D
  /** `[batch, width]` */
  readonly sentence_embedding?: Tensor2D
  /** `[batch, tokens]` float32: 1 where there is a token, 0 where there is padding. */
  readonly mask?: Tensor2D
  /** `[batch, tokens]` float32: 0 where the token belongs to the prompt. Only there when a pooling leaves the prompt out. */
  readonly beyondPrompt?: Tensor2D
}

/** Which features there are after a module, and how wide. */
export interface Widths {
  readonly token_embeddings?: number
  readonly sentence_embedding?: number
}

export type FeatureName = keyof Widths

/** A step between backbone and embedding: a pure function of features and its own weights. */
export interface EncoderModule {
  /** Its type's short name: `Pooling`. */
  readonly type: string
  /** Its config.json, in the keys that every version of sentence-transformers reads; undefined: it has none. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Shapes of its weights, by the names in its own checkpoint: `linear.weight`. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  readonly widths: Widths
  /** Share of the embedding's units that it drops while training, if it is made to drop some. */
  readonly dropout?: number
  /** @param mask of the embedding's units, while training with dropout */
  forward(features: Features, weight: (name: string) => Tensor, mask?: DropoutMask): Features
  /** The same in plain JavaScript on `[count, width]` rows, in place; undefined: only an engine can do it. */
  readonly direct?: (rows: Float32Array, width: number) => void
}

/** How a type of module is made from its config.json (`{}` where it has none). */
export type ModuleFactory = (config: unknown, before: Widths, where: string) => EncoderModule
