import type { Examples, ImageSource } from '@ms/core'
import type { LoadedModel } from '@ms/embed'
import type { Evaluator, TrainEvent } from '@ms/finetune'
import { columnEncoders } from './column-encoders.js'

export interface HeadRunOptions {
  readonly model: LoadedModel
  /** The model with the head behind it. */
  readonly head: () => Promise<LoadedModel>
  readonly examples: Examples
  readonly evaluate?: Evaluator<ImageSource>
  readonly signal?: AbortSignal
  readonly onEvent: (event: TrainEvent) => Promise<void>
}

/**
 * A head in place of training: no step is made, and what is told of it is where it began and where it ended. The head is kept whatever
 * dev says, since it was asked for.
 */
export async function headRun({ model, head, examples, evaluate, signal, onEvent }: HeadRunOptions): Promise<LoadedModel> {
  const started = performance.now()
  const measure = async (measured: LoadedModel) => {
    const encoders = [...new Set(columnEncoders(measured, examples))]
    const metrics = await evaluate?.(encoders[0], { encoders, signal })
    return metrics ? { metrics } : {}
  }
  const count = examples.columns[0].length
  const before = await measure(model)
  await onEvent({ type: 'start', examples: count, epochs: 1, steps: 1, batchSize: count, trainable: 0, resumedAt: 0, ...before })
  const made = await head()
  const after = await measure(made)
  if (after.metrics) await onEvent({ type: 'evaluation', step: 1, epoch: 1, metrics: after.metrics, best: true })
  await onEvent({ type: 'end', steps: 1, reason: 'done', bestStep: 1, ...after, seconds: (performance.now() - started) / 1000 })
  return made
}
