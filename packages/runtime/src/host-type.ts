import type { HostData } from '@ms/core/tensor'

/** The dtype of a tensor by its array. */
export const hostType = (data: HostData): 'float32' | 'int32' | 'bool' =>
  data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
