import { type ModelFiles, MsError } from '@ms/core'
import { z } from 'zod'
import type { CheckpointTensor } from './checkpoint-tensor.js'
import { listNames } from './list-names.js'
import { readCheckpointFile } from './read-checkpoint-file.js'

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

/** What a checkpoint's file is called, whole and in shards; safetensors first. */
const wholes = ['model.safetensors', 'pytorch_model.bin']

/**
 * All tensors of a checkpoint: of `model.safetensors`, of the shards that `model.safetensors.index.json` lists, or the same with
 * `pytorch_model.bin`; else of the only file that ends in `.safetensors`, `.pth`, `.pt` or `.bin`.
 *
 * @throws `weights.none`, `weights.format` when only another format is there, `weights.several` when it is not clear which file is meant,
 *   `weights.shards` when index and shards disagree, and what `readSafetensors` and `readTorch` throw
 */
export async function openCheckpoint(files: ModelFiles, options: OpenCheckpointOptions = {}): Promise<Map<string, CheckpointEntry>> {
  const folder = options.folder ? `${options.folder.replace(/\/+$/, '')}/` : ''
  const names = (await files.list()).filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length))
  const place = (name: string) => `${files.location}/${folder}${name}`
  const readFile = async (name: string): Promise<[string, CheckpointEntry][]> => {
    options.signal?.throwIfAborted()
    const tensors = readCheckpointFile(await files.read(folder + name), place(name))
    return Array.from(tensors, ([key, tensor]) => [key, { tensor, where: place(name) }])
  }

  for (const whole of wholes) {
    if (names.includes(whole)) return new Map(await readFile(whole))
    const index = `${whole}.index.json`
    if (!names.includes(index)) continue
    const weightMap = parseIndex(await files.read(folder + index), place(index))
    return readShards(weightMap, names, place(index), readFile)
  }
  return new Map(await readFile(onlyFile(names, files.location + (folder && `/${folder}`))))
}

async function readShards(
  weightMap: Readonly<Record<string, string>>,
  names: readonly string[],
  where: string,
  readFile: (name: string) => Promise<[string, CheckpointEntry][]>,
): Promise<Map<string, CheckpointEntry>> {
  const shards = [...new Set(Object.values(weightMap))].sort()
  const absent = shards.filter((shard) => !names.includes(shard))
  if (absent.length > 0) {
    throw new MsError('weights.shards', `the index lists files that are not there: ${listNames(absent)}`, {
      where,
      advice: 'Fetch the missing files.',
    })
  }
  const entries = new Map<string, CheckpointEntry>()
  for (const shard of shards) {
    // The index decides which copy counts.
    for (const [name, entry] of await readFile(shard)) if (weightMap[name] === shard) entries.set(name, entry)
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

/** A folder without the usual names: the one checkpoint in it. */
function onlyFile(names: readonly string[], where: string): string {
  const candidates = names.filter((name) => /^[^/]+\.(safetensors|pth|pt|bin)$/.test(name))
  if (candidates.length === 1) return candidates[0]
  if (candidates.length > 1) {
    throw new MsError('weights.several', `there are several files with weights: ${listNames(candidates)}`, {
      where,
      advice: 'Call the right one model.safetensors or pytorch_model.bin.',
    })
  }
  const other = names.find((name) => /^(tf_model\.h5|flax_model\.msgpack|.*\.onnx)$/.test(name))
  if (!other) {
    throw new MsError('weights.none', 'there is no model.safetensors', {
      where,
      advice: 'Check that the path leads to a model directory, and that its weights were fetched too (Git LFS).',
    })
  }
  throw new MsError('weights.format', `the weights are only there as ${other}, which is not read`, {
    where,
    advice:
      'Convert it once in Python: from transformers import AutoModel; AutoModel.from_pretrained(DIR).save_pretrained(DIR), ' +
      'which writes model.safetensors; or take a revision of the model that has one.',
  })
}
