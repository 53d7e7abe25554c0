import type { Examples } from '@ms/core'
import type { Loss } from '@ms/core/tensor'
import type { SentenceEncoder } from '@ms/embed'
import {
  adam,
  adamax,
  adamw,
  constant,
  cosentLoss,
  cosine,
  cosineSimilarityLoss,
  defaultSettings,
  linear,
  multipleNegativesRanking,
  nadam,
  sgd,
  type TrainSettings,
  tripletLoss,
} from '@ms/finetune'
import { type OptionSpecs, type OptionValues, wrongUse } from './option-values.js'

const optimizers = {
  adam: () => adam(),
  adamw: () => adamw(),
  nadam: () => nadam(),
  adamax: () => adamax(),
  sgd: () => sgd(),
  momentum: () => sgd({ momentum: 0.9 }),
  nesterov: () => sgd({ momentum: 0.9, nesterov: true }),
}
const schedules = { constant, linear, cosine }
const losses: Readonly<Record<string, () => Loss>> = {
  mnr: () => multipleNegativesRanking(),
  'mnr-symmetric': () => multipleNegativesRanking({ symmetric: true }),
  triplet: () => tripletLoss(),
  cosine: () => cosineSimilarityLoss(),
  cosent: () => cosentLoss(),
}

export const trainingOptions = {
  loss: { type: 'string', choices: Object.keys(losses), help: 'default: mnr (multiple negatives ranking); cosent for scored pairs' },
  epochs: { type: 'integer', min: 1, max: 100_000, help: 'rounds over the examples (default: by model and number of examples)' },
  'max-steps': { type: 'integer', min: 1, help: 'end after N steps' },
  'batch-size': { type: 'integer', min: 1, max: 1_000_000, help: 'examples a step (default: 128 for tables, 32 for transformers)' },
  lr: { type: 'number', min: 0, value: 'X', help: 'peak learning rate' },
  optimizer: { type: 'string', choices: Object.keys(optimizers), help: 'default: adam for tables, adamw for transformers' },
  schedule: { type: 'string', choices: Object.keys(schedules), help: 'course of the learning rate (default: linear)' },
  warmup: { type: 'number', min: 0, value: 'X', help: 'steps of warm-up, or a share of all below 1' },
  clip: { type: 'number', min: 0, value: 'X', help: 'largest norm of the gradients' },
  freeze: { type: 'strings', value: 'GLOB', help: 'weights that are not trained; may be given several times' },
} as const satisfies OptionSpecs

/** The defaults for this model and these examples, with what the command line says instead. */
export function trainingSettings(
  options: OptionValues<typeof trainingOptions> & { readonly seed?: number },
  encoder: SentenceEncoder,
  examples: Examples,
): { settings: TrainSettings; loss: Loss } {
  const standard = defaultSettings(encoder, examples)
  const { schedule: usual } = standard
  const warmup = options.warmup ?? usual.settings.warmup
  const name = (options.schedule ?? usual.name) as keyof typeof schedules
  const optimizer = options.optimizer as keyof typeof optimizers | undefined
  const lossName = options.loss ?? (examples.kind === 'scored-pair' ? 'cosent' : 'mnr')
  const loss = losses[lossName]()
  const fits = loss.columns === examples.kind || (loss.columns === 'pair' && examples.kind === 'triplet')
  if (!fits)
    throw wrongUse(
      `the loss ${lossName} needs ${loss.columns} examples, and these are ${examples.kind}`,
      'Choose another --loss, or other data.',
    )
  return {
    loss,
    settings: {
      ...standard,
      epochs: options.epochs ?? standard.epochs,
      batchSize: options['batch-size'] ?? standard.batchSize,
      learningRate: options.lr ?? standard.learningRate,
      optimizer: optimizer ? optimizers[optimizer]() : standard.optimizer,
      schedule: schedules[name]({ warmup }),
      seed: options.seed ?? 1,
      ...(options.clip === undefined ? {} : { clip: options.clip }),
      ...(options['max-steps'] === undefined ? {} : { maxSteps: options['max-steps'] }),
      ...(options.freeze.length > 0 ? { freeze: options.freeze } : {}),
    },
  }
}
