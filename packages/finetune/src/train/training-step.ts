import type { Encoder, Engine, HostTensor, Inputs, Loss, Parameters, Prepared, Tensors } from '@ms/core/tensor'
import type { Scalar } from '@tensorflow/tfjs-core'
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
}

const prefixed = (prefix: string, inputs: Inputs): [string, HostTensor][] =>
  Object.entries(inputs).map(([name, value]) => [`${prefix}${name}`, value])

function withoutPrefix(prefix: string, tensors: Tensors): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]))
}

const columnPrefix = (column: number) => `column${column}/`
const lossPrefix = 'loss/'

/**
 * One training step as a pure tensor function, compiled by an engine: the encoder over each column, then the loss. Tables that
 * are trained go in as the rows the batch touches, and their gradients come back for these rows.
 */
export async function trainingStep<Item, P extends Prepared>(
  options: TrainingStepOptions<Item, P>,
  columns: number,
): Promise<TrainingStep<P>> {
  const { encoder, loss, engine, parameters, trainable } = options
  const trained = new Set(trainable)
  const tables = Object.entries(encoder.lookups)
    .filter(([name]) => trained.has(name))
    .map(([name, input]) => ({
      name,
      gatherer: rowGatherer(name, parameters),
      inputs: Array.from({ length: columns }, (_, column) => columnPrefix(column) + input),
    }))
  const constants = new Map([...parameters].filter(([name]) => !trained.has(name)))
  const dense = trainable.filter((name) => !tables.some((table) => table.name === name))
  const present = (name: string): HostTensor<Float32Array> => parameters.get(name)!

  const step = await engine.differentiate<{ loss: Scalar }>(
    (weights, inputs) => {
      const embeddings = Array.from({ length: columns }, (_, column) =>
        encoder.forward(withoutPrefix(columnPrefix(column), inputs), weights, { training: true }),
      )
      return { loss: loss.compute({ embeddings, inputs: withoutPrefix(lossPrefix, inputs), weights }) }
    },
    { constants, trainable },
  )

  return {
    run: async (batch) => {
      const collated = batch.columns.flatMap((items, column) => prefixed(columnPrefix(column), encoder.processor.collate(items)))
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
