import type { Elementwise } from '@ms/runtime'

/** What an update rule is told of a step, besides the arrays. */
export interface StepSettings {
  /** Number of this step, from 1. */
  readonly step: number
  readonly learningRate: number
  readonly weightDecay: number
  /**
   * Only the touched rows of a table are updated, as `torch.optim.SparseAdam` does: the bias correction then stands
   * outside the root with epsilon inside it.
   */
  readonly sparse: boolean
}

/**
 * An optimiser: how a weight, its gradient and some state of the same size become new weights and new state. Its
 * arithmetic is written once (`update`) and runs as SIMD on host memory or as tensors in an engine.
 */
export interface OptimizerRule {
  readonly name: string
  /** For run files and resuming. */
  readonly settings: Readonly<Record<string, number | boolean>>
  readonly weightDecay: number
  /** Arrays beyond the weight `p` and the gradient `g`; all start as zeros. */
  readonly state: readonly string[]
  /** Has `p`, the gradient `g` and the state as arrays; its scalar `scale` is the factor of the gradient (from clipping). */
  readonly update: Elementwise
  /** The other scalars of `update` at a step; computed in double precision. */
  scalars(settings: StepSettings): Readonly<Record<string, number>>
}
