export type Metrics = Readonly<Record<string, number>>

export interface StartEvent {
  readonly type: 'start'
  readonly examples: number
  readonly epochs: number
  readonly steps: number
  readonly batchSize: number
  readonly trainable: number
  /** The untuned model on the dev data, where there is any. */
  readonly metrics?: Metrics
  /** Step that training goes on from; 0 where it begins. */
  readonly resumedAt: number
}

export interface StepEvent {
  readonly type: 'step'
  /** From 1. */
  readonly step: number
  readonly steps: number
  readonly epoch: number
  readonly loss: number
  readonly learningRate: number
  /** Before clipping. */
  readonly gradientNorm: number
  /** Examples a second of this step. */
  readonly examplesPerSecond: number
}

export interface EvaluationEvent {
  readonly type: 'evaluation'
  readonly step: number
  readonly epoch: number
  readonly metrics: Metrics
  /** Whether it is the best so far, the untuned model included. */
  readonly best: boolean
}

export interface EpochEvent {
  readonly type: 'epoch'
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  /** Mean over the epoch's steps. */
  readonly loss: number
  /** Mean L2 distance between the normalised embeddings of the probe set before and after tuning; 0 to 2. */
  readonly lossDiff?: number
  readonly metrics?: Metrics
  readonly seconds: number
}

export interface CheckpointEvent {
  readonly type: 'checkpoint'
  readonly step: number
  readonly epoch: number
}

export interface EndEvent {
  readonly type: 'end'
  readonly steps: number
  /** Why it ended: all steps done, no better dev metric for a while, or aborted. */
  readonly reason: 'done' | 'early-stop' | 'max-steps'
  /** Step of the weights that were kept; 0: the untuned model was best. */
  readonly bestStep: number
  readonly metrics?: Metrics
  readonly lossDiff?: number
  readonly seconds: number
}

/** What `train()` tells of itself. Plain data: `events.jsonl` holds one a line. */
export type TrainEvent = StartEvent | StepEvent | EvaluationEvent | EpochEvent | CheckpointEvent | EndEvent

/** `epoch 3/10  loss 0.4213  loss diff 0.0871  dev ndcg@10 0.612` */
export function formatEpoch({ epoch, epochs, loss, lossDiff, metrics }: EpochEvent, metric = 'ndcg@10'): string {
  const parts = [`epoch ${epoch}/${epochs}`, `loss ${loss.toFixed(4)}`]
  if (lossDiff !== undefined) parts.push(`loss diff ${lossDiff.toFixed(4)}`)
  const value = metrics?.[metric]
  if (value !== undefined) parts.push(`dev ${metric} ${value.toFixed(3)}`)
  return parts.join('  ')
}
