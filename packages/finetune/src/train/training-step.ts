import type { Encoder, Engine, HostTensor, Inputs, Loss, Parameters, Prepared, Tensors } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import type { Gradient } from '../optimizers/optimizer.js'
import { rowGatherer } from './touched-rows.js'

export interface StepBatch<P extends Prepared> {
  /** One array a column: anchors, positives, negatives … */
  readonly columns: readonly (readonly P[])[]
  /** What the loss made of the examples. */
  readonly lossInputs: Inputs
}

export interface StepResult {
  readonly loss: number
  readonly gradients: ReadonlyMap<string, Gradient>
}

/** Loss and gradients of a batch at the current weights. */
export interface TrainingStep<P extends Prepared> {
  run(batch: StepBatch<P>): Promise<StepResult>
  dispose(): void
}

export interface TrainingStepOptions<Item, P extends Prepared> {
  readonly encoder: Encoder<Item, P>
  readonly loss: Loss
  readonly engine: Engine
  /** All weights, the loss's own included. Those that are trained are read anew at each step. */
  readonly parameters: Parameters
  readonly trainable: readonly string[]
  /** Columns of an example. */
  readonly columns: number
  /** The items of least and of most cost. */
  readonly extremes: readonly [P, P]
}

const prefixed = (prefix: string, inputs: Inputs): [string, HostTensor][] =>
  Object.entries(inputs).map(([name, value]) => [`${prefix}${name}`, value])

function withoutPrefix(prefix: string, tensors: Tensors): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]))
}

const passPrefix = (pass: number) => `pass${pass}/`
const lossPrefix = 'loss/'

/** Numbers in a batch's arrays: what an encoder has to work through. */
const sizeOf = (inputs: Inputs) => Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0)

/**
 * Whether items of unlike length can share a batch without padding. Then all columns are one batch, with one gradient of the table;
 * else each column is a batch of its own, so that short queries are not padded to the length of documents.
 */
function isRagged<Item, P extends Prepared>({ processor }: Encoder<Item, P>, [shortest, longest]: readonly [P, P]): boolean {
  return sizeOf(processor.collate([shortest, longest])) <= sizeOf(processor.collate([shortest])) + sizeOf(processor.collate([longest]))
}

/**
 * One training step as a pure tensor function, compiled by an engine: the encoder over each column, then the loss. Tables that
 * are trained go in as the rows the batch touches, and their gradients come back for these rows.
 */
export async function trainingStep<Item, P extends Prepared>(options: TrainingStepOptions<Item, P>): Promise<TrainingStep<P>> {
  const { encoder, loss, engine, parameters, trainable, columns } = options
  const joined = isRagged(encoder, options.extremes)
  /** Columns that go through the encoder together. */
  const passes = joined ? 1 : columns
  const trained = new Set(trainable)
  const tables = Object.entries(encoder.lookups)
    .filter(([name]) => trained.has(name))
    .map(([name, input]) => ({
      name,
      gatherer: rowGatherer(name, parameters),
      inputs: Array.from({ length: passes }, (_, pass) => passPrefix(pass) + input),
    }))
  const constants = new Map([...parameters].filter(([name]) => !trained.has(name)))
  const dense = trainable.filter((name) => !tables.some((table) => table.name === name))
  const present = (name: string): HostTensor<Float32Array> => parameters.get(name)!

  const step = await engine.differentiate<{ loss: tf.Scalar }>(
    (weights, inputs) => {
      const passed = Array.from({ length: passes }, (_, pass) =>
        encoder.forward(withoutPrefix(passPrefix(pass), inputs), weights, { training: true }),
      )
      const embeddings = joined ? tf.split<tf.Tensor2D>(passed[0], columns) : passed
      return { loss: loss.compute({ embeddings, inputs: withoutPrefix(lossPrefix, inputs), weights }) }
    },
    { constants, trainable },
  )

  return {
    run: async (batch) => {
      const batches = joined ? [batch.columns.flat()] : batch.columns
      const collated = batches.flatMap((items, pass) => prefixed(passPrefix(pass), encoder.processor.collate(items)))
      let inputs: Inputs = Object.fromEntries([...collated, ...prefixed(lossPrefix, batch.lossInputs)])
      const values = new Map<string, HostTensor<Float32Array>>(dense.map((name) => [name, present(name)]))
      const rowsOf = new Map<string, Int32Array>()
      for (const { name, gatherer, inputs: names } of tables) {
        const gathered = gatherer.gather(inputs, names)
        inputs = gathered.inputs
        values.set(name, gathered.touched.values)
        rowsOf.set(name, gathered.touched.rows)
      }
      const { outputs, gradients } = await step.run(inputs, values)
      const result = new Map<string, Gradient>()
      for (const [name, { data }] of gradients) {
        const rows = rowsOf.get(name)
        result.set(name, rows ? { data, rows } : { data })
      }
      return { loss: outputs.loss.data[0], gradients: result }
    },
    dispose: () => step.dispose(),
  }
}
