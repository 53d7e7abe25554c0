import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import type * as tf from '@tensorflow/tfjs-core'

/** A backend whose tensors are typed arrays that JavaScript can read and write: kernels for it are plain loops. */
export interface HostMemory {
  /** A new tensor; its content is undefined. */
  allocate(shape: readonly number[], dtype: 'float32' | 'int32'): tf.TensorInfo
  /** The tensor's own memory. Valid until the next `allocate`, which may move everything. */
  floats(info: tf.TensorInfo): Float32Array
  ints(info: tf.TensorInfo): Int32Array
}

export function cpuMemory(backend: MathBackendCPU): HostMemory {
  const values = (info: tf.TensorInfo) => backend.data.get(info.dataId).values
  return {
    allocate: (shape, dtype) => {
      const size = shape.reduce((product, dim) => product * dim, 1)
      return backend.makeTensorInfo([...shape], dtype, dtype === 'float32' ? new Float32Array(size) : new Int32Array(size))
    },
    floats: (info) => values(info) as Float32Array,
    ints: (info) => values(info) as Int32Array,
  }
}

export function wasmMemory(backend: BackendWasm): HostMemory {
  return {
    allocate: (shape, dtype) => backend.makeOutput([...shape], dtype),
    floats: (info) => backend.typedArrayFromHeap(info) as Float32Array,
    ints: (info) => backend.typedArrayFromHeap(info) as Int32Array,
  }
}
