import { type Examples, MsError } from '@ms/core'
import type { Encoder, HostTensor, Loss, Parameters, Prepared, Weights } from '@ms/core/tensor'

/** One encoder of a training, and the columns it encodes. */
export interface TrainingSide<Item> {
  readonly encoder: Encoder<Item, Prepared>
  readonly columns: readonly number[]
  /** Stands before the names of its weights, so that those of two encoders are told apart: `anchor/`; `''` where there is only one. */
  readonly prefix: string
}

/** Stands before the names of the loss's own weights. */
export const lossPrefix = 'loss/'

const columnNames: Readonly<Record<Examples['kind'], readonly string[]>> = {
  pair: ['anchor', 'positive', 'further'],
  triplet: ['anchor', 'positive', 'negative'],
  'scored-pair': ['anchor', 'positive'],
  labelled: ['item'],
}

/**
 * Which encoder encodes which columns. One encoder encodes all; of several, each its column, the last one also what comes after.
 * @throws `train.columns` when there is none, or more encoders than columns
 */
export function trainingSides<Item>(
  encoder: Encoder<Item, Prepared> | readonly Encoder<Item, Prepared>[],
  { kind, columns }: Pick<Examples<Item>, 'kind' | 'columns'>,
): TrainingSide<Item>[] {
  const given: readonly Encoder<Item, Prepared>[] = 'forward' in encoder ? [encoder] : encoder
  if (given.length === 0 || given.length > columns.length) {
    throw new MsError('train.columns', `there are ${given.length} encoders for ${columns.length} columns`, {
      where: 'encoder',
      advice: 'Give one encoder for all columns, or one a column; the last one encodes the columns that are left.',
    })
  }
  const columnsOf = new Map<Encoder<Item, Prepared>, number[]>()
  for (const column of columns.keys()) {
    const one = given[Math.min(column, given.length - 1)]
    columnsOf.set(one, [...(columnsOf.get(one) ?? []), column])
  }
  const names = columnNames[kind]
  return [...columnsOf].map(([one, own]) => ({
    encoder: one,
    columns: own,
    prefix: columnsOf.size === 1 ? '' : `${names[Math.min(own[0], names.length - 1)]}/`,
  }))
}

/** All weights of a training, by their names in it: views, not copies. */
export function allParameters<Item>(sides: readonly TrainingSide<Item>[], loss: Pick<Loss, 'parameters'>): Parameters {
  const named = sides.flatMap(({ encoder, prefix }) => withPrefix(prefix, encoder.parameters))
  return new Map([...named, ...withPrefix(lossPrefix, loss.parameters ?? new Map())])
}

/** Weights that follow what a batch shows, by their names in the training, and how far they follow. */
export function allStatistics<Item>(sides: readonly TrainingSide<Item>[]): Map<string, number> {
  return new Map(
    sides.flatMap(({ encoder, prefix }) =>
      Array.from(encoder.statistics ?? [], ([name, follow]): [string, number] => [prefix + name, follow]),
    ),
  )
}

/** The sides' encoders with the weights that the training has under their names. */
export function encodersWith<Item>(sides: readonly TrainingSide<Item>[], parameters: Parameters): Encoder<Item, Prepared>[] {
  return sides.map(({ encoder, prefix }) =>
    encoder.withParameters(new Map([...encoder.parameters.keys()].map((name) => [name, parameters.get(prefix + name)!]))),
  )
}

/** What an encoder or a loss sees of the training's weights: its own, by its own names. */
export const weightsBehind = (prefix: string, weights: Weights): Weights => ({ get: (name) => weights.get(prefix + name) })

const withPrefix = (prefix: string, parameters: Parameters) =>
  Array.from(parameters, ([name, value]): [string, HostTensor<Float32Array>] => [prefix + name, value])
