import type { Encoder, HostTensor, Inputs, Loss, Parameters, Prepared, TensorFunction, Tensors } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import type { DropoutMasks } from './dropout-masks.js'
import { groupCount, type LengthGroups, lengthGroups } from './length-groups.js'
import { statisticsObserver } from './running-statistics.js'
import { rowGatherer } from './touched-rows.js'
import { lossPrefix, type TrainingSide, weightsBehind } from './training-sides.js'

export interface StepBatch {
  /** One array a column: anchors, positives, negatives … */
  readonly columns: readonly (readonly Prepared[])[]
  /** What the loss made of the examples. */
  readonly lossInputs: Inputs
}

/** What the step's function is given of a batch. Arrays are valid until the next one. */
export interface StepInputs {
  readonly inputs: Inputs
  /** Of the tables that are trained, the rows that the batch touches, by the table's name. */
  readonly rows: Parameters
  /** The numbers of these rows in the table. */
  readonly rowNumbers: ReadonlyMap<string, Int32Array>
}

/**
 * One training step as a pure tensor function: the encoder over each column, then the loss. Tables that are trained go in as the rows the
 * batch touches, and their gradients come back for these rows.
 */
export interface TrainingStep {
  readonly fn: TensorFunction<Record<string, tf.Tensor> & { loss: tf.Scalar }>
  readonly constants: Parameters
  readonly trainable: readonly string[]
  /** Those of the trainable weights that go in whole: views, not copies. */
  readonly whole: Parameters
  /** Batches to come, where it helps an engine to see their shapes. */
  readonly samples: readonly { readonly inputs: Inputs; readonly trainable: Parameters }[]
  /** @param step its number, counted from 0 */
  feed(batch: StepBatch, step: number): StepInputs
}

export interface TrainingStepOptions<Item> {
  readonly sides: readonly TrainingSide<Item>[]
  readonly loss: Loss
  /** All weights, by their names in the training. Those that are trained are read anew at each step. */
  readonly parameters: Parameters
  readonly trainable: readonly string[]
  /** Statistics that follow the batches; see `Mode.observe`. */
  readonly following: ReadonlyMap<string, number>
  /** Of each side, the items of least and of most cost. */
  readonly extremes: readonly (readonly [Prepared, Prepared])[]
  /** Of each column, what an item costs on average. */
  readonly costs: readonly number[]
  readonly batchSize: number
  readonly masks: DropoutMasks
  /** Batches to come: where sizes vary in many ways, an engine sees from their shapes at once in which. */
  readonly samples: () => readonly StepBatch[]
}

const prefixed = (prefix: string, inputs: Inputs): [string, HostTensor][] =>
  Object.entries(inputs).map(([name, value]) => [`${prefix}${name}`, value])

function withoutPrefix(prefix: string, tensors: Tensors): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]))
}

const passPrefix = (pass: number) => `pass${pass}/`

/** Numbers in a batch's arrays: what an encoder has to work through. */
const sizeOf = (inputs: Inputs) => Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0)

/**
 * Whether items of unlike length can share a batch without padding. Then all columns are one batch, with one gradient of the table;
 * else each column is a batch of its own, so that short queries are not padded to the length of documents.
 */
function isRagged<Item>({ processor }: Encoder<Item, Prepared>, [shortest, longest]: readonly [Prepared, Prepared]): boolean {
  return sizeOf(processor.collate([shortest, longest])) <= sizeOf(processor.collate([shortest])) + sizeOf(processor.collate([longest]))
}

/** Columns that go through one encoder together. */
interface Pass<Item> {
  readonly side: TrainingSide<Item>
  readonly columns: readonly number[]
  /** Of its inputs: `pass0/`. */
  readonly inputs: string
  readonly groups: LengthGroups
}

function passesOf<Item>({
  sides,
  extremes,
  costs,
  batchSize,
}: Pick<TrainingStepOptions<Item>, 'sides' | 'extremes' | 'costs' | 'batchSize'>): Pass<Item>[] {
  const passes = sides.flatMap((side, i) =>
    (isRagged(side.encoder, extremes[i]) ? [side.columns] : side.columns.map((column) => [column])).map((columns) => ({ side, columns })),
  )
  return passes.map(({ side, columns }, i) => {
    // A table has no matrices that could be small, and what a batch shows of its statistics is of the whole batch.
    const whole = side.encoder.direct !== undefined || (side.encoder.statistics?.size ?? 0) > 0
    const cost = columns.reduce((sum, column) => sum + costs[column], 0)
    return { side, columns, inputs: passPrefix(i), groups: lengthGroups(whole ? 1 : groupCount(batchSize, cost)) }
  })
}

/** Puts the columns' embeddings back in the order of the columns. */
function inColumnOrder<Item>(passes: readonly Pass<Item>[], passed: readonly tf.Tensor2D[]): tf.Tensor2D[] {
  const embeddings: tf.Tensor2D[] = []
  for (const [i, { columns }] of passes.entries()) {
    const parts = columns.length === 1 ? [passed[i]] : tf.split<tf.Tensor2D>(passed[i], columns.length)
    for (const [j, column] of columns.entries()) embeddings[column] = parts[j]
  }
  return embeddings
}

export function trainingStep<Item>(options: TrainingStepOptions<Item>): TrainingStep {
  const { sides, loss, parameters, trainable, following, masks } = options
  const passes = passesOf(options)
  const trained = new Set(trainable)
  const tables = sides.flatMap((side) =>
    Object.entries(side.encoder.lookups)
      .map(([name, input]) => ({ name: side.prefix + name, input }))
      .filter(({ name }) => trained.has(name))
      .map(({ name, input }) => ({
        name,
        gatherer: rowGatherer(name, parameters),
        inputs: passes.filter((pass) => pass.side === side).flatMap((pass) => pass.groups.namesOf(input).map((each) => pass.inputs + each)),
      })),
  )
  const constants = new Map([...parameters].filter(([name]) => !trained.has(name)))
  const whole = new Map([...parameters].filter(([name]) => trained.has(name) && !tables.some((table) => table.name === name)))

  const feed = (batch: StepBatch, addMasks: DropoutMasks['draw']): StepInputs => {
    const collated = passes.flatMap(({ side, columns, inputs, groups }) => {
      const items = columns.length === 1 ? batch.columns[columns[0]] : columns.flatMap((column) => batch.columns[column])
      const { encoder } = side
      const collate = (group: readonly Prepared[]) => addMasks(encoder, encoder.processor.collate(group))
      return prefixed(inputs, groups.collate(items, { collate }))
    })
    let inputs: Inputs = Object.fromEntries([...collated, ...prefixed(lossPrefix, batch.lossInputs)])
    const rows = new Map<string, HostTensor<Float32Array>>()
    const rowNumbers = new Map<string, Int32Array>()
    for (const { name, gatherer, inputs: names } of tables) {
      const gathered = gatherer.gather(inputs, names)
      inputs = gathered.inputs
      rows.set(name, gathered.touched.values)
      rowNumbers.set(name, gathered.touched.rows)
    }
    return { inputs, rows, rowNumbers }
  }

  const samples = passes.some(({ groups }) => groups.count > 1)
    ? options.samples().map((batch) => {
        const { inputs, rows } = feed(batch, masks.blank)
        return { inputs, trainable: new Map([...whole, ...rows]) }
      })
    : []

  return {
    fn: (weights, inputs) => {
      const observer = statisticsObserver(following)
      const passed = passes.map(({ side: { encoder, prefix }, inputs: own, groups }, pass) =>
        groups.forward(withoutPrefix(own, inputs), (group) =>
          encoder.forward(group, weightsBehind(prefix, weights), masks.mode(observer.mode(prefix, pass), encoder, group)),
        ),
      )
      const embeddings = inColumnOrder(passes, passed)
      const value = loss.compute({ embeddings, inputs: withoutPrefix(lossPrefix, inputs), weights: weightsBehind(lossPrefix, weights) })
      return { ...observer.outputs, loss: value }
    },
    constants,
    trainable,
    whole,
    samples,
    feed: (batch, step) => {
      masks.begin(step)
      return feed(batch, masks.draw)
    },
  }
}
