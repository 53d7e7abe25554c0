import { MsError } from '@ms/core'
import type { Parameters, Prepared } from '@ms/core/tensor'
import { namePattern } from '../optimizers/name-pattern.js'
import type { TrainOptions } from './train-options.js'

/** @throws `train.no-examples`, `train.columns`, `train.settings` */
export function checkOptions<Item, P extends Prepared>({ examples, loss, settings, mix }: TrainOptions<Item, P>): void {
  const [first, ...others] = examples.columns
  if (!first || first.length === 0) {
    throw new MsError('train.no-examples', 'there is not one training example', { advice: 'Give pairs, or a data set with a train split.' })
  }
  if (first.length === 1 && loss.columns !== 'labelled' && loss.columns !== 'scored-pair') {
    throw new MsError('train.no-examples', 'one training example has nothing to be told apart from', { advice: 'Give at least two.' })
  }
  if (others.some((column) => column.length !== first.length)) throw new MsError('train.columns', 'the columns are not of one length')
  const fits = loss.columns === examples.kind || (loss.columns === 'pair' && examples.kind === 'triplet')
  if (!fits) throw new MsError('train.columns', `${loss.name} needs ${loss.columns} examples, and these are ${examples.kind}`)
  if (mix && examples.kind === 'scored-pair') {
    throw new MsError('train.settings', 'scored pairs cannot be mixed: the score of a mixture is not known', { where: 'mix' })
  }
  const positive = {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    ...(settings.maxSteps === undefined ? {} : { maxSteps: settings.maxSteps }),
  }
  for (const [name, value] of Object.entries(positive)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new MsError('train.settings', `${name} is ${value}`, { where: name, advice: 'Give a whole number of at least 1.' })
  }
  if (!(settings.learningRate >= 0 && Number.isFinite(settings.learningRate))) {
    throw new MsError('train.settings', `the learning rate is ${settings.learningRate}`, { where: 'learningRate' })
  }
  assertDropout(settings.dropout)
  if (settings.clip !== undefined && !(settings.clip > 0)) {
    throw new MsError('train.settings', `the largest norm of the gradients is ${settings.clip}`, {
      where: 'clip',
      advice: 'Give a number above 0, or leave it out.',
    })
  }
}

/** @throws `train.settings` */
function assertDropout(dropout: TrainOptions<unknown, Prepared>['settings']['dropout']): void {
  if (dropout === undefined || dropout === 'config' || (dropout >= 0 && dropout < 1)) return
  throw new MsError('train.settings', `the share of units to drop is ${dropout}`, {
    where: 'dropout',
    advice: 'Give a number of at least 0 and below 1, or "config" for what the model says.',
  })
}

/**
 * Names of the weights that no pattern freezes. Running statistics are none of them: they have no gradient.
 * @returns what is trained, and which statistics may follow the batches
 * @throws `train.settings` when a pattern matches nothing, `train.nothing-trainable`
 */
export function trainableNames(
  parameters: Parameters,
  statistics: ReadonlyMap<string, number>,
  freeze: readonly string[],
): { trainable: string[]; following: Map<string, number> } {
  const frozen = freeze.map((pattern) => ({ pattern, matches: namePattern(pattern) }))
  const idle = frozen.find(({ matches }) => ![...parameters.keys()].some(matches))
  if (idle)
    throw new MsError('train.settings', `no weight is named like "${idle.pattern}"`, {
      where: 'freeze',
      advice: `Names are like ${[...parameters.keys()][0]}.`,
    })
  const free = (name: string) => !frozen.some(({ matches }) => matches(name))
  const trainable = [...parameters.keys()].filter((name) => !statistics.has(name) && free(name))
  if (trainable.length === 0) throw new MsError('train.nothing-trainable', 'every weight is frozen', { where: 'freeze' })
  return { trainable, following: new Map([...statistics].filter(([name]) => free(name))) }
}
