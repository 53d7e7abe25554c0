import { MsError } from '@ms/core'
import type { Prepared } from '@ms/core/tensor'

export interface FailedBatch {
  /** The step it would have been. */
  readonly step: number
  readonly columns: readonly (readonly Prepared[])[]
  /** Whether the state before it was stored. */
  readonly kept: boolean
}

/** Whether there was not enough memory, in an engine or for an array. */
export const isOutOfMemory = (cause: unknown): boolean =>
  (MsError.isInstance(cause) && cause.code === 'engine.out-of-memory') ||
  (cause instanceof RangeError && /allocation failed|invalid (typed )?array length/i.test(cause.message))

/** The error of a step that did not fit into memory: which batch it was, and what to lower. */
export function outOfMemory(cause: unknown, { step, columns, kept }: FailedBatch): MsError {
  const examples = columns[0].length
  const longest = columns.flat().reduce((most, { cost }) => Math.max(most, cost), 0)
  const size = longest > 1 ? `, the longest of ${longest} tokens` : ''
  return new MsError('train.out-of-memory', `the batch of step ${step} (${examples} examples${size}) needs more memory than there is`, {
    advice: [
      `Lower the batch size${longest > 1 ? " or the model's maximum length" : ''}.`,
      ...(kept ? ['The state before this step is stored: where there is more memory, resume from it.'] : []),
    ].join(' '),
    kind: 'failure',
    cause,
    details: { step, examples, longest },
  })
}
