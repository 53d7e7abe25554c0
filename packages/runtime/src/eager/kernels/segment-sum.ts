import * as tf from '@tensorflow/tfjs-core'
import type { HostMemory } from '../host-memory.js'
import { hostKernel } from './host-kernel.js'

/**
 * Adds rows up by segment number: the gradient of gather, which the wasm backend lacks.
 * A row with a segment number out of range is dropped, as TensorFlow does.
 */
export function segmentSumKernel(backendName: string, memory: HostMemory): tf.KernelConfig {
  return hostKernel<tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs>(
    tf.UnsortedSegmentSum,
    backendName,
    ({ x, segmentIds }, { numSegments }) => {
      const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)]
      const width = shape.slice(1).reduce((product, dim) => product * dim, 1)
      const integer = x.dtype === 'int32'
      const sums = memory.allocate(shape, integer ? 'int32' : 'float32')
      const ids = memory.ints(segmentIds)
      // One call for each element type keeps the loop monomorphic.
      if (integer) addRows(memory.ints(sums), memory.ints(x), ids, width)
      else addRows(memory.floats(sums), memory.floats(x), ids, width)
      return sums
    },
  )
}

function addRows<A extends Float32Array | Int32Array>(sums: A, x: A, ids: Int32Array, width: number): void {
  sums.fill(0)
  const segments = width === 0 ? 0 : sums.length / width
  for (let at = 0; at < ids.length; at++) {
    if (ids[at] < 0 || ids[at] >= segments) continue
    const to = ids[at] * width
    const from = at * width
    for (let c = 0; c < width; c++) sums[to + c] += x[from + c]
  }
}
