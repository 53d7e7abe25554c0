import type { Examples } from '@ms/core'
import type { TrainEvent } from '@ms/finetune'
import type { HeadedModel } from './closed-form-head.js'

export interface HeadRunOptions {
  /** Fits the head. */
  readonly head: () => Promise<HeadedModel>
  readonly examples: Examples
  readonly onEvent: (event: TrainEvent) => Promise<void>
}

/** A head in place of training: no step is made, and what is told of it is where it began and where it ended. */
export async function headRun({ head, examples, onEvent }: HeadRunOptions): Promise<HeadedModel> {
  const started = performance.now()
  const headed = await head()
  const { chosen } = headed
  const kept = chosen?.tried.find(({ shrinkage }) => shrinkage === chosen.shrinkage)
  const count = examples.columns[0].length
  const before = chosen ? { metrics: chosen.before } : {}
  await onEvent({ type: 'start', examples: count, epochs: 1, steps: 1, batchSize: count, trainable: 0, resumedAt: 0, ...before })
  if (kept) await onEvent({ type: 'evaluation', step: 1, epoch: 1, metrics: kept.metrics, best: true })
  const after = kept ? { metrics: kept.metrics } : before
  const bestStep = chosen && !kept ? 0 : 1
  await onEvent({ type: 'end', steps: 1, reason: 'done', bestStep, ...after, seconds: (performance.now() - started) / 1000 })
  return headed
}
