import type { Examples, ImageSource } from '@ms/core'
import type { Encoder, Loss } from '@ms/core/tensor'
import {
  adam,
  adamax,
  adamw,
  batchHardTriplet,
  constant,
  cosentLoss,
  cosine,
  cosineSimilarityLoss,
  defaultSettings,
  linear,
  multipleNegativesRanking,
  nadam,
  sgd,
  softmaxClassifier,
  supervisedContrastive,
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
const losses: Readonly<Record<string, (context: LossContext) => Loss>> = {
  mnr: () => multipleNegativesRanking(),
  'mnr-symmetric': () => multipleNegativesRanking({ symmetric: true }),
  clip: () => multipleNegativesRanking({ symmetric: true, learnScale: true }),
  triplet: () => tripletLoss(),
  cosine: () => cosineSimilarityLoss(),
  cosent: () => cosentLoss(),
  'batch-hard-triplet': () => batchHardTriplet(),
  supcon: () => supervisedContrastive(),
  'cross-entropy': ({ labels, dim, seed }) => softmaxClassifier({ labels, dim, seed }),
}

/** What a loss of labelled items must know of them. */
interface LossContext {
  readonly labels: readonly string[]
  readonly dim: number
  readonly seed: number
}

const usualLoss: Readonly<Record<Examples['kind'], string>> = { pair: 'mnr', triplet: 'mnr', 'scored-pair': 'cosent', labelled: 'supcon' }

export const trainingOptions = {
  loss: {
    type: 'string',
    choices: Object.keys(losses),
    help: 'default: mnr (multiple negatives ranking); cosent for scored pairs, supcon for labelled items, clip (mnr both ways, its scale learned) with --image-model',
  },
  epochs: { type: 'integer', min: 1, max: 100_000, help: 'rounds over the examples (default: by model and number of examples)' },
  'max-steps': { type: 'integer', min: 1, help: 'end after N steps' },
  'batch-size': { type: 'integer', min: 1, max: 1_000_000, help: 'examples a step (default: 128 for tables, 32 for transformers)' },
  lr: { type: 'number', min: 0, value: 'X', help: 'peak learning rate, above 0' },
  optimizer: { type: 'string', choices: Object.keys(optimizers), help: 'default: adam for tables, adamw for transformers' },
  schedule: { type: 'string', choices: Object.keys(schedules), help: 'course of the learning rate (default: linear)' },
  warmup: { type: 'number', min: 0, value: 'X', help: 'steps of warm-up, or a share of all below 1' },
  clip: { type: 'number', min: 0, value: 'X', help: 'largest norm of the gradients' },
  dropout: {
    type: 'string',
    value: 'X',
    help: 'share of units that layers drop at each step, or config for what the model’s configuration says (default: 0)',
  },
  'batch-norm': {
    type: 'string',
    choices: ['frozen', 'batch'],
    help: 'batch: batch norm follows the batches, for networks trained from scratch (default: frozen)',
  },
  freeze: { type: 'strings', value: 'GLOB', help: 'weights that are not trained; may be given several times' },
} as const satisfies OptionSpecs

/** @throws `cli.usage` */
function dropoutOf(text: string): number | 'config' {
  const rate = Number(text)
  if (text === 'config' || (text.trim() !== '' && rate >= 0 && rate < 1)) return text === 'config' ? text : rate
  throw wrongUse(`--dropout is "${text}"`, 'Give a number of at least 0 and below 1, or config for what the model’s configuration says.')
}

/**
 * Of two projections on what frozen networks make, which is computed once: large batches, a rate for fresh weights, and about a hundred steps:
 * with 984 labels of emoji and their drawings dev was best after 64 to 72, and 320 were no better.
 */
const projectionSettings = (count: number) => ({
  epochs: Math.min(40, Math.max(12, Math.round(12_000 / Math.max(1, count)))),
  batchSize: 128,
  learningRate: 1e-3,
})

export interface TrainingContext {
  readonly encoder: Encoder<ImageSource>
  readonly examples: Examples
  /** Of two models that are to share a space, the patterns of what came with them. */
  readonly given?: readonly string[]
}

/** The defaults for this model and these examples, with what the command line says instead. */
export function trainingSettings(
  options: OptionValues<typeof trainingOptions> & { readonly seed?: number; readonly full?: boolean },
  { encoder, examples, given }: TrainingContext,
): { settings: TrainSettings; loss: Loss } {
  if (options.lr === 0) throw wrongUse('--lr 0 changes no weight', 'Give a rate above 0; ms eval measures a model as it is.')
  const projected = given !== undefined && options.full !== true
  const standard = { ...defaultSettings(encoder, examples), ...(projected ? projectionSettings(examples.columns[0].length) : {}) }
  const freeze = [...options.freeze, ...(projected ? given : [])]
  const { schedule: usual } = standard
  const warmup = options.warmup ?? usual.settings.warmup
  const name = (options.schedule ?? usual.name) as keyof typeof schedules
  const optimizer = options.optimizer as keyof typeof optimizers | undefined
  const lossName = options.loss ?? (given ? 'clip' : usualLoss[examples.kind])
  if (lossName === 'cross-entropy' && examples.kind !== 'labelled')
    throw wrongUse(`the loss ${lossName} needs labelled examples, and these are ${examples.kind}`, 'Choose another --loss, or other data.')
  const loss = losses[lossName]({ labels: examples.labels ?? [], dim: encoder.dim, seed: options.seed ?? 1 })
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
      ...(options.dropout === undefined ? {} : { dropout: dropoutOf(options.dropout) }),
      ...(options['batch-norm'] ? { batchNorm: options['batch-norm'] as 'frozen' | 'batch' } : {}),
      ...(options['max-steps'] === undefined ? {} : { maxSteps: options['max-steps'] }),
      ...(freeze.length > 0 ? { freeze } : {}),
    },
  }
}
