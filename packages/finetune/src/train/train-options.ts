import type { Examples } from '@ms/core'
import type { Encoder, Engine, Loss, Parameters, Prepared } from '@ms/core/tensor'
import type { ParameterGroup } from '../optimizers/optimizer.js'
import type { OptimizerRule } from '../optimizers/optimizer-rule.js'
import type { Schedule } from '../schedules/schedule.js'
import type { CheckpointStore } from './checkpoint.js'
import type { Evaluator } from './retrieval-evaluator.js'

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
  /** Default: 1. */
  readonly seed?: number
}

export interface TrainOptions<Item, P extends Prepared> {
  /** Encodes every column. It is not changed: the result is another encoder. */
  encoder: Encoder<Item, P>
  examples: Examples<Item>
  loss: Loss
  settings: TrainSettings
  engine: Engine
  /** Measures on dev data: before training, after each epoch, and each `evaluateSteps`. Default: not at all. */
  evaluate?: Evaluator<Item>
  /** Which of its metrics decides what is best; higher is better. Default: `ndcg@10`. */
  metric?: string
  evaluateSteps?: number
  /** Ends after so many evaluations without a better one. Default: never. */
  earlyStop?: number
  /** Items whose movement is the loss diff. Default: the first 256 different items of the last column. */
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
}
