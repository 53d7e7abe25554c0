import { decodeBfloat16, decodeFloat16 } from './half-float.js'

/** What each dtype's `data` is. F16 and BF16 are raw 16-bit words: see `toFloat32`. */
export interface CheckpointData {
  readonly F64: Float64Array
  readonly F32: Float32Array
  readonly F16: Uint16Array
  readonly BF16: Uint16Array
  readonly I64: BigInt64Array
  readonly I32: Int32Array
  readonly I16: Int16Array
  readonly I8: Int8Array
  readonly U8: Uint8Array
  /** 0 or 1 a byte. */
  readonly BOOL: Uint8Array
}

export type CheckpointDtype = keyof CheckpointData

/** A tensor as it lies in a checkpoint, row-major. */
export type CheckpointTensor = {
  readonly [D in CheckpointDtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: CheckpointData[D] }
}[CheckpointDtype]

/** The values as float32: the same memory for F32, a copy otherwise. I64 beyond ±2^24 loses digits. */
export function toFloat32(tensor: CheckpointTensor): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return tensor.data
    case 'F16':
      return decodeFloat16(tensor.data)
    case 'BF16':
      return decodeBfloat16(tensor.data)
    case 'I64':
      return Float32Array.from(tensor.data, Number)
    default:
      return Float32Array.from(tensor.data)
  }
}
