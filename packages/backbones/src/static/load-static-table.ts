import { type ModelFiles, MsError } from '@ms/core'
import type { HostTensor } from '@ms/core/tensor'
import { type CheckpointTensor, toFloat32 } from '../checkpoint/checkpoint-tensor.js'
import { dequantizeRows } from '../checkpoint/int8-rows.js'
import { type CheckpointEntry, type OpenCheckpointOptions, openCheckpoint } from '../checkpoint/open-checkpoint.js'
import type { StaticTable } from './static-table.js'

const knownNames = new Set(['embedding.weight', 'embedding.scale', 'embeddings', 'weights', 'mapping'])

/**
 * Reads a static model's table: `embedding.weight` (sentence-transformers) in float32, float16, bfloat16, or in int8 with
 * float32 `embedding.scale [rows]`; or model2vec's `embeddings`, with its `weights` (a factor for each token) and
 * `mapping` (token → row) folded in.
 *
 * An int8 table stays int8 (a quarter of the memory); `tableParameters` makes it float32 for an engine.
 *
 * @throws `weights.missing`, `weights.extra`, `weights.shape`, `weights.dtype`, `weights.nan`, and what `openCheckpoint` throws
 */
export async function loadStaticTable(files: ModelFiles, options: OpenCheckpointOptions = {}): Promise<StaticTable> {
  const entries = await openCheckpoint(files, options)
  const entry = entries.get('embedding.weight') ?? entries.get('embeddings')
  if (!entry) {
    throw new MsError('weights.missing', 'there is neither embedding.weight nor embeddings in the checkpoint', {
      where: files.location,
      advice: 'This is not a static embedding model.',
    })
  }
  const extra = [...entries.keys()].filter((name) => !knownNames.has(name))
  if (extra.length > 0) {
    throw new MsError('weights.extra', `the checkpoint has weights that a static model has not: ${extra.slice(0, 5).join(', ')}`, {
      where: entry.where,
      advice: 'Take a checkpoint of a static embedding model.',
    })
  }
  const { tensor, where } = entry
  if (tensor.shape.length !== 2 || tensor.shape[0] === 0 || tensor.shape[1] === 0) {
    throw new MsError('weights.shape', `the table is [${tensor.shape.join(', ')}], it must be [tokens, width]`, { where })
  }
  const table = tensor.dtype === 'I8' ? int8Table(tensor, entries, where) : floatTable(tensor, where)
  return fold(table, entries)
}

/** The table as the parameters of `staticEmbedding`: float32, the same memory where it is float32 already. */
export function tableParameters(table: StaticTable): Map<string, HostTensor<Float32Array>> {
  const data = table.kind === 'int8' ? dequantizeRows(table) : table.rows
  return new Map([['embedding.weight', { shape: [table.count, table.width], data }]])
}

function floatTable(tensor: CheckpointTensor, where: string): StaticTable {
  if (!['F32', 'F16', 'BF16', 'F64'].includes(tensor.dtype)) {
    throw new MsError('weights.dtype', `the table holds ${tensor.dtype} numbers`, { where, advice: 'Save it as float32, float16 or int8.' })
  }
  const rows = toFloat32(tensor)
  assertFinite(rows, 'the table', tensor.shape[1], where)
  return { kind: 'float32', rows, count: tensor.shape[0], width: tensor.shape[1] }
}

function int8Table(
  tensor: CheckpointTensor & { readonly dtype: 'I8' },
  entries: ReadonlyMap<string, CheckpointEntry>,
  where: string,
): StaticTable {
  const [count, width] = tensor.shape
  const scale = entries.get('embedding.scale')?.tensor
  if (scale?.dtype !== 'F32' || scale.shape.length !== 1 || scale.shape[0] !== count) {
    throw new MsError('weights.missing', `an int8 table of ${count} rows needs embedding.scale, float32 [${count}]`, { where })
  }
  assertFinite(scale.data, 'embedding.scale', 1, where)
  return { kind: 'int8', rows: tensor.data, scale: scale.data, count, width }
}

/** model2vec keeps one row for several tokens and a factor for each token; one row a token is what everything else here expects. */
function fold(table: StaticTable, entries: ReadonlyMap<string, CheckpointEntry>): StaticTable {
  const weights = entries.get('weights')
  const mapping = entries.get('mapping')
  if (!weights && !mapping) return table
  const { width } = table
  const source = table.kind === 'int8' ? dequantizeRows(table) : table.rows
  const rowOf = mapping ? Int32Array.from(mapping.tensor.data, Number) : undefined
  const factor = weights ? toFloat32(weights.tensor) : undefined
  const count = rowOf?.length ?? factor?.length ?? table.count
  const where = (mapping ?? weights)!.where
  if ((factor && factor.length !== count) || (!rowOf && count !== table.count)) {
    throw new MsError('weights.shape', `the table has ${table.count} rows, weights ${factor?.length}, mapping ${rowOf?.length} entries`, {
      where,
    })
  }
  if (factor) assertFinite(factor, 'weights', 1, where)
  const rows = new Float32Array(count * width)
  for (let token = 0; token < count; token++) {
    const row = rowOf ? rowOf[token] : token
    if (!(row >= 0 && row < table.count))
      throw new MsError('weights.shape', `mapping sends token ${token} to row ${row} of ${table.count}`, { where })
    const by = factor ? factor[token] : 1
    for (let i = 0; i < width; i++) rows[token * width + i] = source[row * width + i] * by
  }
  return { kind: 'float32', rows, count, width }
}

function assertFinite(data: Float32Array, what: string, width: number, where: string): void {
  const bad = data.findIndex((x) => !Number.isFinite(x))
  if (bad >= 0) {
    throw new MsError('weights.nan', `${what} has a value that is ${data[bad]}, in row ${Math.floor(bad / width)}`, {
      where,
      advice: 'The checkpoint is broken; take another one.',
    })
  }
}
