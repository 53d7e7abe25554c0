import { MsError } from '@ms/core'
import type { Parameters } from '@ms/core/tensor'

/** Nothing is measured or stored that is broken. @throws `train.diverged` */
export function assertFinite(parameters: Parameters, step: number, rate: number): void {
  for (const [name, { data }] of parameters) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) throw diverged(step, Number.NaN, rate, name)
  }
}

/** The error of a training whose loss, gradients or weights are no numbers any more. */
export function diverged(step: number, loss: number, rate: number, name?: string): MsError {
  return new MsError(
    'train.diverged',
    name ? `the weight ${name} is not finite any more` : `at step ${step} the loss is ${loss} or a gradient is not finite`,
    {
      advice: `Lower the learning rate (it was ${rate}), or clip gradients, or clip them to less.`,
      kind: 'failure',
      details: { step, loss, learningRate: rate },
    },
  )
}
