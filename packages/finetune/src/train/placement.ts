import type { Engine, Parameters } from '@ms/core/tensor'
import type { Optimizer } from '../optimizers/optimizer.js'
import { placeInEngine } from './in-engine.js'
import { placeOnHost } from './on-host.js'
import type { StepBatch, TrainingStep } from './training-step.js'

/** Where the weights of a training, and what the optimiser remembers of them, lie between steps: in host memory, or in the engine. */
export interface Placement {
  /**
   * One step: the loss of a batch, its gradients, the optimiser's update, what the running statistics follow. If it throws, everything is
   * as it was before it; where loss or norm is not finite, nothing more may be asked of it.
   */
  step(batch: StepBatch, options: PlacedStep): Promise<{ readonly loss: number; readonly gradientNorm: number }>
  /** Brings host memory up to date, to be measured, stored or handed on. Does nothing where it is. */
  toHost(): Promise<void>
  dispose(): void
}

export interface PlacedStep {
  /** Its number, counted from 0. */
  readonly step: number
  readonly learningRate: number
}

export interface PlacementOptions {
  readonly step: TrainingStep
  readonly engine: Engine
  readonly optimizer: Optimizer
  /** Gradients of a larger global norm are scaled down to it. */
  readonly clip?: number
  /** Running statistics, and how far they follow. They lie on the host always. */
  readonly statistics: Parameters
  readonly following: ReadonlyMap<string, number>
}

/** Keeps weights and state in the engine where it offers that and there is more than rows of tables to keep. */
export function place(options: PlacementOptions): Promise<Placement> {
  return options.engine.resident && options.step.whole.size > 0 ? placeInEngine(options, options.engine.resident) : placeOnHost(options)
}
