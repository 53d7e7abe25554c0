import type { HostTensor, Parameters, Prepared } from '@ms/core/tensor'
import { createOptimizer, type Optimizer } from '../optimizers/optimizer.js'
import { trainableNames } from './check-options.js'
import { freezeSides } from './frozen-features.js'
import type { ColumnAugmentations } from './item-source.js'
import type { TrainOptions } from './train-options.js'
import { allParameters, allStatistics, type TrainingSide, trainingSides } from './training-sides.js'

/** The weights of a training: what they are, and what of them changes. */
export interface TrainingState<Item> {
  /** The encoders as they were given. */
  readonly whole: readonly TrainingSide<Item>[]
  /** What is trained of them: where what comes first is frozen, only what comes after it. */
  readonly sides: readonly TrainingSide<Item>[]
  /** All weights as they were given, by their names in the training. */
  readonly given: Parameters
  readonly trainable: readonly string[]
  /** Statistics that follow the batches. */
  readonly following: ReadonlyMap<string, number>
  /** All that changes, in memory of our own: the optimiser and the batches change it in place. */
  readonly trained: Parameters
  readonly statistics: Parameters
  readonly optimizer: Optimizer
  readonly augment: ColumnAugmentations<Item>
  dispose(): Promise<void>
}

/** @throws `train.columns`, `train.settings`, `train.nothing-trainable` */
export async function openTrainingState<Item, P extends Prepared>(options: TrainOptions<Item, P>): Promise<TrainingState<Item>> {
  const { examples, loss, settings, engine } = options
  const whole = trainingSides<Item>(options.encoder, examples)
  const given = allParameters(whole, loss)
  const { trainable, following: mayFollow } = trainableNames(given, allStatistics(whole), settings.freeze ?? [])
  const following = settings.batchNorm === 'batch' ? mayFollow : new Map<string, number>()
  const tables = new Set(whole.flatMap(({ prefix, encoder }) => Object.keys(encoder.lookups).map((name) => prefix + name)))
  const optimizer = createOptimizer(settings.optimizer, { parameters: only(given, trainable), groups: settings.groups, sparse: tables })
  const statistics = copyOf(only(given, following.keys()))
  const trained = new Map([...optimizer.parameters, ...statistics])
  const augment = columnAugmentations(options.augment, examples.columns.length)
  const varied = new Set(whole.filter(({ columns }) => options.mix || columns.some((column) => augment[column])))
  const frozen = await freezeSides(whole, (name) => !trained.has(name), varied, { engine, cache: options.features })
  return { whole, sides: frozen.sides, given, trainable, following, trained, statistics, optimizer, augment, dispose: frozen.dispose }
}

function columnAugmentations<Item, P extends Prepared>(
  augment: TrainOptions<Item, P>['augment'],
  columns: number,
): ColumnAugmentations<Item> {
  const one = (column: number) => (augment && 'length' in augment ? augment[column] : augment)
  // What was prepared by a column's encoder is what its augmentation varies.
  return Array.from({ length: columns }, (_, column) => one(column) as ColumnAugmentations<Item>[number])
}

export const copyOf = (parameters: Parameters): Parameters =>
  new Map([...parameters].map(([name, { shape, data }]): [string, HostTensor<Float32Array>] => [name, { shape, data: data.slice() }]))

export const only = (parameters: Parameters, names: Iterable<string>): Parameters =>
  new Map(Array.from(names, (name) => [name, parameters.get(name)!]))
