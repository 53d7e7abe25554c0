import type { CheckpointDtype, CheckpointTensor } from './checkpoint-tensor.js'
import { bytesPerElement } from './safetensors-header.js'

/** The bytes as numbers of a type: a view where they are aligned, a copy otherwise. Their length is a multiple of the type's. */
export function typedView(dtype: CheckpointDtype, shape: readonly number[], bytes: Uint8Array): CheckpointTensor {
  const size = bytesPerElement[dtype]
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  const { buffer, byteOffset: offset } = aligned
  const length = bytes.length / size
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
