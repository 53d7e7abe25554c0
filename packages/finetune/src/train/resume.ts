import { MsError } from '@ms/core'
import type { Parameters, Prepared } from '@ms/core/tensor'
import type { Checkpoint } from './checkpoint.js'
import { fingerprintExamples } from './fingerprint-examples.js'
import type { TrainOptions } from './train-options.js'

/** What must be the same for a checkpoint to fit: settings, examples, and the weights' names and sizes. */
export function signatureOf<Item, P extends Prepared>(
  { settings, loss, examples }: Pick<TrainOptions<Item, P>, 'settings' | 'loss' | 'examples'>,
  parameters: Parameters,
  steps: number,
): string {
  const { optimizer, schedule, ...plain } = settings
  return JSON.stringify({
    ...plain,
    optimizer: [optimizer.name, optimizer.settings],
    schedule: [schedule.name, schedule.settings],
    loss: loss.name,
    examples: fingerprintExamples(examples),
    weights: [...parameters].map(([name, { shape }]) => `${name}:${shape}`),
    steps,
  })
}

/** Puts weights and optimiser back as they were. @throws `train.checkpoint`, `checkpoint.state` */
export function restore(
  saved: Checkpoint,
  signature: string,
  trained: Parameters,
  optimizer: { restore(steps: number, state: Parameters): void },
): void {
  if (saved.signature !== signature) {
    throw new MsError('train.checkpoint', 'the stored checkpoint was made with other settings, data or another model', {
      advice: 'Resume with the same ones, or start anew in another folder.',
    })
  }
  for (const [name, { data }] of trained) {
    const values = saved.parameters.get(name)
    if (values?.data.length !== data.length)
      throw new MsError('train.checkpoint', `the checkpoint has no ${name} of this size`, { where: name })
    data.set(values.data)
  }
  optimizer.restore(saved.optimizer.steps, saved.optimizer.state)
}
