import type { CheckpointTensor } from './checkpoint-tensor.js'
import { readSafetensorsHeader } from './safetensors-header.js'
import { typedView } from './typed-view.js'

export interface Safetensors {
  /** By name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Reads a safetensors file. The tensors are views of `bytes` where these are aligned (files written by the usual tools
 * are), copies otherwise: do not change `bytes` afterwards.
 *
 * @param where the file's name, for messages
 * @throws `checkpoint.truncated`, `checkpoint.header`, `checkpoint.duplicate`, `checkpoint.dtype`, `checkpoint.size`,
 *   `checkpoint.bounds`, `checkpoint.overlap`, `checkpoint.gap`
 * @see https://github.com/huggingface/safetensors (format)
 *
 * @example
 * ```ts
 * import { readSafetensors, toFloat32, writeSafetensors } from '@ms/backbones'
 * const bytes = writeSafetensors(new Map([['bias', { dtype: 'F32', shape: [2], data: new Float32Array([1, 2]) }]]))
 * const bias = readSafetensors(bytes, 'model.safetensors').tensors.get('bias')
 * if (bias) toFloat32(bias)
 * ```
 */
export function readSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const { entries, metadata, dataStart } = readSafetensorsHeader(bytes, where)
  const tensors = new Map<string, CheckpointTensor>()
  for (const { name, dtype, shape, begin, end } of entries)
    tensors.set(name, typedView(dtype, shape, bytes.subarray(dataStart + begin, dataStart + end)))
  return { tensors, metadata }
}
