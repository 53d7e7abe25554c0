import type { Parameters } from '@ms/core/tensor'
import type { Metrics } from './train-event.js'

/** Everything that a training needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** Hash-like description of settings and examples: resuming with others is refused. */
  readonly signature: string
  /** Steps done. */
  readonly step: number
  /** Epoch that is under way or comes next, from 0, and its batches that are done. */
  readonly epoch: number
  readonly batch: number
  /** Sum of the losses of this epoch's batches that are done. */
  readonly lossSum: number
  readonly parameters: Parameters
  readonly optimizer: { readonly steps: number; readonly state: Parameters }
  /** The untuned model's metrics. */
  readonly initialMetrics?: Metrics
  readonly best?: { readonly step: number; readonly metrics: Metrics; readonly parameters: Parameters }
  /** Evaluations since the best one. */
  readonly withoutGain: number
}

/** Where checkpoints are kept. A later one takes the place of an earlier one, whole or not at all. */
export interface CheckpointStore {
  save(checkpoint: Checkpoint): Promise<void>
  load(): Promise<Checkpoint | undefined>
}
