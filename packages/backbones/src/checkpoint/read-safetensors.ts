import type { CheckpointTensor } from './checkpoint-tensor.js'
import { bytesPerElement, readSafetensorsHeader, type TensorEntry } from './safetensors-header.js'

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
  for (const entry of entries) tensors.set(entry.name, tensorOf(entry, bytes, dataStart))
  return { tensors, metadata }
}

function tensorOf({ dtype, shape, begin, end }: TensorEntry, bytes: Uint8Array, dataStart: number): CheckpointTensor {
  const size = bytesPerElement[dtype]
  let buffer = bytes.buffer
  let offset = bytes.byteOffset + dataStart + begin
  if (offset % size !== 0) {
    buffer = bytes.slice(dataStart + begin, dataStart + end).buffer
    offset = 0
  }
  const length = (end - begin) / size
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer, offset, length) }
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer, offset, length) }
    case 'F16':
    case 'BF16':
      return { dtype, shape, data: new Uint16Array(buffer, offset, length) }
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer, offset, length) }
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer, offset, length) }
    case 'I16':
      return { dtype, shape, data: new Int16Array(buffer, offset, length) }
    case 'I8':
      return { dtype, shape, data: new Int8Array(buffer, offset, length) }
    case 'U8':
    case 'BOOL':
      return { dtype, shape, data: new Uint8Array(buffer, offset, length) }
  }
}
