import { type ModelFiles, MsError } from '@ms/core'
import { z } from 'zod'
import type { CheckpointTensor } from './checkpoint-tensor.js'
import { listNames } from './list-names.js'
import { readSafetensors } from './read-safetensors.js'

export interface OpenCheckpointOptions {
  /** Folder of the checkpoint inside `files`: `0_Transformer`. Default: the top. */
  folder?: string
  signal?: AbortSignal
}

export interface CheckpointEntry {
  readonly tensor: CheckpointTensor
  /** The file that holds it, for messages. */
  readonly where: string
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) })

/**
 * All tensors of a checkpoint: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
 *
 * @throws `weights.none`, `weights.format` when only another format is there, `weights.shards` when index and shards
 *   disagree, and what `readSafetensors` throws
 */
export async function openCheckpoint(files: ModelFiles, options: OpenCheckpointOptions = {}): Promise<Map<string, CheckpointEntry>> {
  const folder = options.folder ? `${options.folder.replace(/\/+$/, '')}/` : ''
  const names = (await files.list()).filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length))
  const place = (name: string) => `${files.location}/${folder}${name}`
  const entries = new Map<string, CheckpointEntry>()

  const readShard = async (name: string) => {
    options.signal?.throwIfAborted()
    return readSafetensors(await files.read(folder + name), place(name)).tensors
  }

  if (names.includes('model.safetensors')) {
    for (const [name, tensor] of await readShard('model.safetensors')) entries.set(name, { tensor, where: place('model.safetensors') })
    return entries
  }
  if (!names.includes('model.safetensors.index.json')) throw noWeights(names, files.location + (folder && `/${folder}`))

  const where = place('model.safetensors.index.json')
  const weightMap = parseIndex(await files.read(`${folder}model.safetensors.index.json`), where)
  const shards = [...new Set(Object.values(weightMap))].sort()
  const absent = shards.filter((shard) => !names.includes(shard))
  if (absent.length > 0) {
    throw new MsError('weights.shards', `the index lists files that are not there: ${listNames(absent)}`, {
      where,
      advice: 'Fetch the missing files.',
    })
  }
  for (const shard of shards) {
    for (const [name, tensor] of await readShard(shard)) {
      if (weightMap[name] !== shard) continue // the index decides which copy counts
      entries.set(name, { tensor, where: place(shard) })
    }
  }
  const missing = Object.keys(weightMap).filter((name) => !entries.has(name))
  if (missing.length > 0) {
    throw new MsError('weights.shards', `tensors are not in the file that the index names: ${listNames(missing)}`, {
      where,
      advice: 'Index and shards belong to different checkpoints; fetch all of them again.',
    })
  }
  return entries
}

function parseIndex(bytes: Uint8Array, where: string): Record<string, string> {
  try {
    return indexSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).weight_map
  } catch (cause) {
    throw new MsError('weights.shards', 'the index is not a JSON object with a weight_map', { where, cause })
  }
}

function noWeights(names: readonly string[], where: string): MsError {
  const other = names.find((name) => /^(pytorch_model.*\.bin|tf_model\.h5|flax_model\.msgpack|.*\.(pth|pt|onnx))$/.test(name))
  if (!other) {
    return new MsError('weights.none', 'there is no model.safetensors', {
      where,
      advice: 'Check that the path leads to a model directory, and that its weights were fetched too (Git LFS).',
    })
  }
  return new MsError('weights.format', `the weights are only there as ${other}, which is not read`, {
    where,
    advice:
      'Convert it once in Python: from transformers import AutoModel; AutoModel.from_pretrained(DIR).save_pretrained(DIR), ' +
      'which writes model.safetensors; or take a revision of the model that has one.',
  })
}
