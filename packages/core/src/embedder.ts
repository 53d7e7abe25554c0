import type { OnProgress } from './progress.js'
import type { Vectors } from './vectors.js'

/** Some models embed a question and an answer differently (prompts): say which one it is. */
export type Role = 'query' | 'document'

export interface EmbedOptions {
  /** Default: `document`. */
  role?: Role
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** Turns items into vectors. All that an index or a search needs to know of a model. */
export interface Embedder<Item = string> {
  readonly dim: number
  /** Hash of weights, config, processor, pooling and prompts: vectors of two spaces never meet. */
  readonly space: string
  /** Calls of `embed` that are worth having at a time: one that computes in several threads wants several. Default: 1. */
  readonly concurrency?: number
  /** `[items.length, dim]` in the order of `items`. */
  embed(items: readonly Item[], options?: EmbedOptions): Promise<Vectors>
}
