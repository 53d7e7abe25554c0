import type { Examples } from '@ms/core'
import type { Encoder, Engine, Loss, Parameters, Prepared } from '@ms/core/tensor'
import type { Augmentation } from '../augment/augment.js'
import type { Mix } from '../augment/pictures/mixup.js'
import type { ParameterGroup } from '../optimizers/optimizer.js'
import type { OptimizerRule } from '../optimizers/optimizer-rule.js'
import type { Schedule } from '../schedules/schedule.js'
import type { CheckpointStore } from './checkpoint.js'
import type { Dropout } from './dropout-masks.js'
import type { FeatureCache } from './frozen-features.js'
import type { Evaluator } from './retrieval-evaluator.js'
import type { BatchNormMode } from './running-statistics.js'

/** How to train. Everything that decides the result, besides model and examples. */
export interface TrainSettings {
  readonly epochs: number
  readonly batchSize: number
  /** Peak of the schedule. */
  readonly learningRate: number
  readonly optimizer: OptimizerRule
  readonly schedule: Schedule
  /** Weights with settings of their own. Default: none. */
  readonly groups?: readonly ParameterGroup[]
  /** Gradients of a larger global norm are scaled down to it. Default: no clipping. */
  readonly clip?: number
  /** Stops after so many steps. Default: none. */
  readonly maxSteps?: number
  /** Patterns of weights that are not trained: `embeddings.*`. See `namePattern`. Default: none. */
  readonly freeze?: readonly string[]
  /**
   * `frozen`: batch norm uses the running statistics it came with, as at the end, which is what a pre-trained network wants when batches are
   * small. `batch`: it uses each batch's own, and the running ones follow; what a network needs that is trained from scratch.
   * Running statistics whose names a pattern of `freeze` matches never follow. Default: `frozen`.
   */
  readonly batchNorm?: BatchNormMode
  /**
   * Share of units that are dropped in the layers of a network that can drop some, each layer's own units at each step: a number below 1 for
   * all of them, or `config` for what the model's configuration says of each. A part that is frozen, and computed once an item, drops
   * nothing. Default: 0.
   */
  readonly dropout?: Dropout
  /** Default: 1. */
  readonly seed?: number
}

export interface TrainOptions<Item, P extends Prepared> {
  /**
   * Encodes every column; or one encoder a column, for texts against pictures (of more columns than encoders, the last one encodes the
   * rest). They are not changed: the result is other encoders. With several, weights are named after the first column each encodes:
   * `anchor/…`, `positive/…`, for `freeze`, groups and checkpoints; the loss's own are `loss/…` always.
   */
  encoder: Encoder<Item, P> | readonly Encoder<Item>[]
  examples: Examples<Item>
  loss: Loss
  /**
   * Varies items from step to step, each by numbers of its own: one way for all columns, or one a column. What is compared with before
   * and after, and what is measured, is never varied. Default: not at all.
   */
  augment?: Augmentation<Item, P> | readonly (Augmentation<Item, P> | undefined)[]
  /** Mixes the examples of each batch with each other, after they were varied: `mixup()` for pictures. Default: not at all. */
  mix?: Mix<P>
  /**
   * Where the vectors are kept that frozen weights make of items. Weights that `freeze` leaves no gradient before are run once an item,
   * whether there is a cache or not, unless the item is varied. Default: in memory.
   */
  features?: FeatureCache<Item>
  settings: TrainSettings
  engine: Engine
  /** Measures on dev data: before training, after each epoch, and each `evaluateSteps`. Default: not at all. */
  evaluate?: Evaluator<Item>
  /** Which of its metrics decides what is best; higher is better. Default: `ndcg@10`. */
  metric?: string
  evaluateSteps?: number
  /** Ends after so many evaluations without a better one. Default: never. */
  earlyStop?: number
  /**
   * Items of the last column whose movement is the loss diff. Default: the first 256 different items of the last column that each encoder
   * encodes; the loss diff is then the mean over the encoders.
   */
  probe?: readonly Item[]
  /** Keeps the state at each epoch's end, each `checkpointSteps`, and when it is aborted. Default: nowhere. */
  checkpoints?: CheckpointStore
  checkpointSteps?: number
  /** Goes on from the stored checkpoint, where there is one. Default: false. */
  resume?: boolean
  signal?: AbortSignal
}

/** What a training makes. */
export interface TrainResult<Item, P extends Prepared> {
  /** With the best weights on the dev data (the untuned ones, if nothing was better); without dev data, with the last. */
  readonly encoder: Encoder<Item, P>
  /** Its weights. */
  readonly parameters: Parameters
  /** One encoder for each that was given, in that order: the first one is `encoder`. */
  readonly encoders: readonly Encoder<Item>[]
  /** The loss's own weights (class proxies, a temperature), by its names. */
  readonly lossParameters: Parameters
}
