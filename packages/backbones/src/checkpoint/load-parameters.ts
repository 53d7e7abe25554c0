import { type ModelFiles, MsError } from '@ms/core'
import type { HostTensor, Parameters } from '@ms/core/tensor'
import { type CheckpointTensor, toFloat32 } from './checkpoint-tensor.js'
import { dequantizeRows } from './int8-rows.js'
import { listNames } from './list-names.js'
import { type CheckpointEntry, type OpenCheckpointOptions, openCheckpoint } from './open-checkpoint.js'

export interface LoadParametersOptions extends OpenCheckpointOptions {
  /** Checkpoint key → parameter name; undefined: knowingly not used (a head, a buffer). Default: identity. See `BackbonePlugin.rename`. */
  rename?: (key: string) => string | undefined
}

/** What wrappers put before the names of the network they hold. */
const prefixes = ['module.', '_orig_mod.', 'model.', '0.auto_model.', 'auto_model.', 'bert.']

const otherNetwork = 'The weights are of another network than config.json, or the architecture that was named, says.'

/**
 * Reads a backbone's weights from a checkpoint as float32 (F16 and BF16 are widened; an I8 `x.weight` is multiplied
 * by the scales `x.scale` of its rows, that is along its first axis). Every parameter must be there, once, in its shape, and finite; every tensor of the
 * checkpoint must be either used or knowingly ignored.
 *
 * @param shapes `Backbone.shapes`
 * @throws `weights.missing`, `weights.extra`, `weights.shape`, `weights.dtype`, `weights.duplicate`, `weights.nan`,
 *   and what `openCheckpoint` throws
 */
export async function loadParameters(
  files: ModelFiles,
  shapes: ReadonlyMap<string, readonly number[]>,
  options: LoadParametersOptions = {},
): Promise<Parameters> {
  const entries = await openCheckpoint(files, options)
  const [where, ...others] = new Set(Array.from(entries.values(), (entry) => entry.where))
  return parametersFrom(entries, shapes, { rename: options.rename, where: others.length === 0 && where ? where : files.location })
}

/** The same from tensors that were read already. */
export function parametersFrom(
  entries: ReadonlyMap<string, CheckpointEntry>,
  shapes: ReadonlyMap<string, readonly number[]>,
  options: { rename?: (key: string) => string | undefined; where: string },
): Parameters {
  const rename = options.rename ?? ((key: string) => key)
  const found = new Map<string, { key: string; entry: CheckpointEntry }>()
  const extra: string[] = []
  for (const [key, entry] of entries) {
    if (isScaleOf(key, entries)) continue
    const name = parameterName(key, shapes, rename)
    if (name === undefined) continue
    if (!shapes.has(name)) extra.push(key)
    else if (found.has(name)) {
      throw new MsError('weights.duplicate', `both ${found.get(name)?.key} and ${key} would be ${name}`, { where: entry.where })
    } else found.set(name, { key, entry })
  }

  const missing = [...shapes.keys()].filter((name) => !found.has(name))
  if (missing.length > 0) {
    throw new MsError(
      'weights.missing',
      `the checkpoint lacks ${missing.length} ${missing.length === 1 ? 'weight' : 'weights'}: ${listNames(missing)}`,
      {
        where: options.where,
        advice: otherNetwork,
        details: { names: missing },
      },
    )
  }
  if (extra.length > 0) {
    throw new MsError(
      'weights.extra',
      `the network has no place for ${extra.length} ${extra.length === 1 ? 'weight' : 'weights'}: ${listNames(extra)}`,
      {
        where: options.where,
        advice: otherNetwork,
        details: { names: extra },
      },
    )
  }

  const parameters = new Map<string, HostTensor<Float32Array>>()
  for (const [name, shape] of shapes) {
    const { key, entry } = found.get(name)!
    parameters.set(name, { shape, data: floatsOf(key, shape, entry, entries) })
  }
  return parameters
}

/** Tries the key as it is, then without what wrappers put before it. */
function parameterName(
  key: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  rename: (key: string) => string | undefined,
): string | undefined {
  let rest = key
  for (;;) {
    const name = rename(rest)
    if (name === undefined || shapes.has(name)) return name
    const inner = withoutWrapper(rest)
    if (inner === undefined) return key
    rest = inner
  }
}

/** The key without what one wrapper put before it; undefined where none did. */
export function withoutWrapper(key: string): string | undefined {
  const prefix = prefixes.find((candidate) => key.startsWith(candidate))
  return prefix === undefined ? undefined : key.slice(prefix.length)
}

const scaleKey = (key: string) => key.replace(/weight$/, 'scale')

/** `embedding.scale` is part of the int8 weight `embedding.weight`, no parameter. */
function isScaleOf(key: string, entries: ReadonlyMap<string, CheckpointEntry>): boolean {
  if (!key.endsWith('scale')) return false
  return entries.get(key.replace(/scale$/, 'weight'))?.tensor.dtype === 'I8'
}

function floatsOf(
  key: string,
  shape: readonly number[],
  { tensor, where }: CheckpointEntry,
  entries: ReadonlyMap<string, CheckpointEntry>,
): Float32Array {
  if (!isOfShape(tensor.shape, shape)) {
    throw new MsError('weights.shape', `${key} is [${tensor.shape.join(', ')}], the network needs [${shape.join(', ')}]`, {
      where,
      advice: otherNetwork,
    })
  }
  const data = tensor.dtype === 'I8' ? fromInt8(key, tensor, where, entries) : toFloat32(floating(key, tensor, where))
  assertFiniteWeight(key, shape, data, where)
  return data
}

/** Equal; or a dense layer `[out, in]` that is written as the convolution `[out, channels, height, width]` of a whole map. */
function isOfShape(found: readonly number[], wanted: readonly number[]): boolean {
  const folded = wanted.length === 2 && found.length === 4 ? [found[0], found[1] * found[2] * found[3]] : found
  return folded.length === wanted.length && folded.every((n, i) => n === wanted[i])
}

function floating(key: string, tensor: CheckpointTensor, where: string): CheckpointTensor {
  if (['F64', 'F32', 'F16', 'BF16'].includes(tensor.dtype)) return tensor
  throw new MsError('weights.dtype', `${key} holds ${tensor.dtype} numbers, a weight needs floating-point ones`, {
    where,
    advice: 'Save the model unquantised, as float32, float16 or bfloat16.',
  })
}

function fromInt8(
  key: string,
  tensor: CheckpointTensor & { readonly dtype: 'I8' },
  where: string,
  entries: ReadonlyMap<string, CheckpointEntry>,
): Float32Array {
  const scale = entries.get(scaleKey(key))?.tensor
  if (tensor.shape.length < 2 || scale?.dtype !== 'F32' || scale.shape.length !== 1 || scale.shape[0] !== tensor.shape[0]) {
    throw new MsError('weights.dtype', `${key} holds I8 numbers without a float32 ${scaleKey(key)} for each row`, {
      where,
      advice: 'Save the model unquantised, as float32, float16 or bfloat16.',
    })
  }
  assertFiniteWeight(scaleKey(key), scale.shape, scale.data, where)
  return dequantizeRows({ rows: tensor.data, scale: scale.data, width: tensor.data.length / tensor.shape[0] })
}

function assertFiniteWeight(key: string, shape: readonly number[], data: Float32Array, where: string): void {
  // 0 × x is 0 for every finite x and NaN for the others: one pass without a branch.
  let poison = 0
  for (let i = 0; i < data.length; i++) poison += 0 * data[i]
  if (poison === 0) return
  const bad = data.findIndex((x) => !Number.isFinite(x))
  const row = shape.length > 1 ? Math.floor(bad / (data.length / shape[0])) : bad
  throw new MsError('weights.nan', `${key} has a value that is ${data[bad]}, in row ${row}`, {
    where,
    advice: 'The checkpoint is broken (a training that diverged, or a damaged file); take another one.',
  })
}
