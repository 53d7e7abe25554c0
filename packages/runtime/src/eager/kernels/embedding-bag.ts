import type * as tf from '@tensorflow/tfjs-core'
import {
  EmbeddingBag,
  type EmbeddingBagAttrs,
  EmbeddingBagGrad,
  type EmbeddingBagGradAttrs,
  type EmbeddingBagGradInputs,
  type EmbeddingBagInputs,
  EmbeddingBagWeightsGrad,
  type EmbeddingBagWeightsGradInputs,
} from '../../ops/kernel-names.js'
import type { HostMemory } from '../host-memory.js'
import { checkRows } from './check-rows.js'
import { hostKernel } from './host-kernel.js'

/** Sums of table rows and their gradients, as loops over the backend's own memory. */
export function embeddingBagKernels(backendName: string, memory: HostMemory): tf.KernelConfig[] {
  return [
    hostKernel<EmbeddingBagInputs, EmbeddingBagAttrs>(EmbeddingBag, backendName, ({ table, ids, offsets, weights }, { mode }) => {
      const [rows, width] = table.shape
      const bags = offsets.shape[0] - 1
      const y = memory.allocate([bags, width], 'float32')
      const id = memory.ints(ids)
      checkRows(id, rows)
      bagSums(memory.floats(y), memory.floats(table), id, memory.ints(offsets), weights && memory.floats(weights), width, mode === 'mean')
      return y
    }),
    hostKernel<EmbeddingBagGradInputs, EmbeddingBagGradAttrs>(
      EmbeddingBagGrad,
      backendName,
      ({ dy, ids, offsets, weights }, { mode, rows }) => {
        const width = dy.shape[1]
        const dTable = memory.allocate([rows, width], 'float32')
        const id = memory.ints(ids)
        checkRows(id, rows)
        const to = memory.floats(dTable).fill(0)
        spreadBags(to, memory.floats(dy), id, memory.ints(offsets), weights && memory.floats(weights), width, mode === 'mean')
        return dTable
      },
    ),
    hostKernel<EmbeddingBagWeightsGradInputs, EmbeddingBagAttrs>(
      EmbeddingBagWeightsGrad,
      backendName,
      ({ dy, table, ids, offsets }, { mode }) => {
        const [rows, width] = table.shape
        const dWeights = memory.allocate(ids.shape, 'float32')
        const id = memory.ints(ids)
        checkRows(id, rows)
        const to = memory.floats(dWeights).fill(0)
        bagProducts(to, memory.floats(dy), memory.floats(table), id, memory.ints(offsets), width, mode === 'mean')
        return dWeights
      },
    ),
  ]
}

function bagSums(
  y: Float32Array,
  table: Float32Array,
  ids: Int32Array,
  offsets: Int32Array,
  weights: Float32Array | undefined,
  width: number,
  mean: boolean,
): void {
  y.fill(0)
  for (let bag = 0; bag < offsets.length - 1; bag++) {
    const to = bag * width
    const scale = bagScale(offsets, bag, mean)
    for (let at = offsets[bag]; at < offsets[bag + 1]; at++) {
      const from = ids[at] * width
      const factor = weights ? weights[at] * scale : scale
      for (let c = 0; c < width; c++) y[to + c] += factor * table[from + c]
    }
  }
}

function spreadBags(
  dTable: Float32Array,
  dy: Float32Array,
  ids: Int32Array,
  offsets: Int32Array,
  weights: Float32Array | undefined,
  width: number,
  mean: boolean,
): void {
  for (let bag = 0; bag < offsets.length - 1; bag++) {
    const from = bag * width
    const scale = bagScale(offsets, bag, mean)
    for (let at = offsets[bag]; at < offsets[bag + 1]; at++) {
      const to = ids[at] * width
      const factor = weights ? weights[at] * scale : scale
      for (let c = 0; c < width; c++) dTable[to + c] += factor * dy[from + c]
    }
  }
}

function bagProducts(
  dWeights: Float32Array,
  dy: Float32Array,
  table: Float32Array,
  ids: Int32Array,
  offsets: Int32Array,
  width: number,
  mean: boolean,
): void {
  for (let bag = 0; bag < offsets.length - 1; bag++) {
    const from = bag * width
    const scale = bagScale(offsets, bag, mean)
    for (let at = offsets[bag]; at < offsets[bag + 1]; at++) {
      const row = ids[at] * width
      let sum = 0
      for (let c = 0; c < width; c++) sum += dy[from + c] * table[row + c]
      dWeights[at] = sum * scale
    }
  }
}

function bagScale(offsets: Int32Array, bag: number, mean: boolean): number {
  return mean ? 1 / Math.max(1, offsets[bag + 1] - offsets[bag]) : 1
}
