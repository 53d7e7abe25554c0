import { MsError } from '@ms/core'
import type { HostTensor, Inputs, Parameters } from '@ms/core/tensor'
import { hostType } from '../../host-type.js'
import type { RecordedUpdate, Signature } from '../record.js'

export interface SignatureOptions {
  readonly constants: Parameters
  /** Names of the trainable weights. */
  readonly trainable: readonly string[]
  readonly update?: RecordedUpdate
  /** Weights whose shapes are known beforehand. */
  readonly kept?: Parameters
}

/**
 * What a recording of a differentiated function depends on, call by call.
 * @returns @throws `tensor.shape`, `weights.missing`
 */
export function signatures({ constants, trainable, update, kept }: SignatureOptions): (inputs: Inputs, weights: Parameters) => Signature {
  const shapes = shapesOf(constants)
  return (inputs, weights) => {
    const given = only(
      weights,
      trainable.filter((name) => !kept?.has(name)),
    )
    checkSizes(given)
    return {
      inputs: inputSpecs(inputs),
      constants: shapes,
      trainable: new Map(trainable.map((name) => [name, (kept?.get(name) ?? given.get(name))?.shape ?? []])),
      ...(update ? { update } : {}),
    }
  }
}

export const shapesOf = (parameters: Parameters): ReadonlyMap<string, readonly number[]> =>
  new Map([...parameters].map(([name, { shape }]) => [name, shape]))

/** @throws `weights.missing` */
export const only = (values: Parameters, names: Iterable<string>): Parameters =>
  new Map(
    Array.from(names, (name) => {
      const value = values.get(name)
      if (!value) throw new MsError('weights.missing', `there is no weight ${name}`, { where: name, details: { name } })
      return [name, value]
    }),
  )

/** @throws `tensor.shape` */
export function inputSpecs(inputs: Inputs): Signature['inputs'] {
  const entries = Object.entries(inputs)
  checkSizes(entries)
  return Object.fromEntries(entries.map(([name, { shape, data }]) => [name, { dtype: hostType(data), shape }]))
}

function checkSizes(tensors: Iterable<readonly [string, HostTensor]>): void {
  for (const [name, { shape, data }] of tensors) {
    const size = shape.reduce((product, dim) => product * dim, 1)
    if (size === data.length) continue
    throw new MsError('tensor.shape', `shape [${shape}] holds ${size} values, the array has ${data.length}`, {
      where: name,
      advice: 'Hand over an array that fills the shape',
      details: { name, shape: [...shape], length: data.length },
    })
  }
}
