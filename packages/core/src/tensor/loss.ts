import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import type { Examples } from '../data/examples.js'
import type { Inputs, Parameters, Tensors, Weights } from './host-tensor.js'

/** What a loss sees inside an engine. */
export interface LossBatch {
  /** One `[batch, dim]` a column: anchor, positive, then any negatives, or of a pair what else is right. */
  readonly embeddings: readonly Tensor2D[]
  /** What `Loss.inputs` made of the examples. */
  readonly inputs: Tensors
  readonly weights: Weights
}

/** The same examples outside, as keys that are equal where the items are equal. */
export interface LossExamples {
  /** What the columns are; where it is missing, those from the third on are negatives. */
  readonly kind?: Examples['kind']
  /** One array a column, `batch` long. In a further column of a pair `''`: there is no such item. */
  readonly keys: readonly (readonly string[])[]
  /** Wanted similarity of a scored pair. */
  readonly scores?: readonly number[]
  /** Class of a labelled item. */
  readonly labels?: readonly string[]
  /** Anchor key → keys of all that is right for it in the whole training set, not only in this batch. */
  readonly positives?: ReadonlyMap<string, ReadonlySet<string>>
  /** Where the items of a batch are mixed with each other: how. Only for a loss that `mixes`. */
  readonly mix?: MixPlan
}

/** Who is mixed with whom in a batch. */
export interface MixPlan {
  /** Position in the batch of each example's partner. */
  readonly partners: Int32Array
  /** Share of the example itself, from ½ to 1. */
  readonly shares: Float32Array
}

export interface Loss {
  readonly name: string
  readonly columns: 'pair' | 'triplet' | 'scored-pair' | 'labelled'
  /** Of labelled items: batches are made of so many examples of each class that is in them. Default: 1, which leaves it to chance. */
  readonly perClass?: number
  /** Whether its targets can be mixed as the items are. Default: false, and labelled items are mixed with others of their class. */
  readonly mixes?: boolean
  /** Weights of its own (class proxies, a temperature): trained and kept with the rest. */
  readonly parameters?: Parameters
  /** Arrays that depend on the examples and not on the embeddings: masks, targets. */
  inputs?(examples: LossExamples): Inputs
  /** A pure tensor function. */
  compute(batch: LossBatch): Scalar
}
