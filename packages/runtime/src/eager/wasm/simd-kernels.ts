import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import {
  EmbeddingBag,
  type EmbeddingBagAttrs,
  EmbeddingBagGrad,
  type EmbeddingBagGradAttrs,
  type EmbeddingBagGradInputs,
  type EmbeddingBagInputs,
  EmbeddingBagWeightsGrad,
  type EmbeddingBagWeightsGradInputs,
  Gelu,
  type GeluAttrs,
  GeluGrad,
  type GeluGradInputs,
  type GeluInputs,
  LayerNorm,
  type LayerNormAttrs,
  LayerNormGrad,
  type LayerNormGradInputs,
  type LayerNormInputs,
  SoftmaxGrad,
  type SoftmaxGradInputs,
} from '../../ops/kernel-names.js'
import { checkRows } from '../kernels/check-rows.js'
import { hostKernel, wrapKernel } from '../kernels/host-kernel.js'
import type { SimdModule } from './simd/simd-module.js'

/** Kernels of `ops/kernel-names.ts` for the wasm backend, and its sum over leading axes, which is slow there. */
export function simdKernels(backend: BackendWasm, { call }: SimdModule): tf.KernelConfig[] {
  const output = (shape: readonly number[]) => backend.makeOutput([...shape], 'float32')
  const zeros = (shape: readonly number[]) => {
    const info = output(shape)
    floats(info).fill(0)
    return info
  }
  const floats = (info: tf.TensorInfo) => backend.typedArrayFromHeap(info) as Float32Array
  /** Addresses stay as they are when memory grows. */
  const at = (info: tf.TensorInfo) => backend.getMemoryOffset(info.dataId)
  const checkIds = (ids: tf.TensorInfo, rows: number) => checkRows(backend.typedArrayFromHeap(ids) as Int32Array, rows)

  return [
    hostKernel<GeluInputs, GeluAttrs>(Gelu, 'wasm', ({ x }, { approximation }) => {
      const y = output(x.shape)
      const gelu = approximation === 'erf' ? call.geluErf : call.geluTanh
      gelu(at(x), at(y), bytesOf(x))
      return y
    }),
    hostKernel<GeluGradInputs, GeluAttrs>(GeluGrad, 'wasm', ({ dy, x }, { approximation }) => {
      const dx = output(x.shape)
      const gradient = approximation === 'erf' ? call.geluErfGrad : call.geluTanhGrad
      gradient(at(dy), at(x), at(dx), bytesOf(x))
      return dx
    }),
    hostKernel<LayerNormInputs, LayerNormAttrs>(LayerNorm, 'wasm', ({ x, gamma, beta }, { epsilon }) => {
      const { rows, width } = rowsOf(x)
      const perRow = [...x.shape.slice(0, -1), 1]
      const [y, mean, invStdDev] = [output(x.shape), output(perRow), output(perRow)]
      call.layerNorm(at(x), at(gamma), at(beta), at(y), at(mean), at(invStdDev), rows, width, epsilon)
      return [y, mean, invStdDev]
    }),
    hostKernel<LayerNormGradInputs>(LayerNormGrad, 'wasm', ({ dy, x, gamma, mean, invStdDev }) => {
      const { rows, width } = rowsOf(x)
      const [dx, dgamma, dbeta] = [output(x.shape), zeros(gamma.shape), zeros(gamma.shape)]
      call.layerNormGrad(at(dy), at(x), at(gamma), at(mean), at(invStdDev), at(dx), at(dgamma), at(dbeta), rows, width)
      return [dx, dgamma, dbeta]
    }),
    hostKernel<SoftmaxGradInputs>(SoftmaxGrad, 'wasm', ({ dy, y }) => {
      const { rows, width } = rowsOf(y)
      const dx = output(y.shape)
      call.softmaxGrad(at(dy), at(y), at(dx), rows, width)
      return dx
    }),
    hostKernel<EmbeddingBagInputs, EmbeddingBagAttrs>(EmbeddingBag, 'wasm', ({ table, ids, offsets, weights }, { mode }) => {
      const [rows, width] = table.shape
      const bags = offsets.shape[0] - 1
      checkIds(ids, rows)
      const y = zeros([bags, width])
      const factors = weights ? at(weights) : 0
      call.bagSums(at(table), at(ids), at(offsets), factors, at(y), bags, width * 4, mode === 'mean' ? 1 : 0)
      return y
    }),
    hostKernel<EmbeddingBagGradInputs, EmbeddingBagGradAttrs>(EmbeddingBagGrad, 'wasm', ({ dy, ids, offsets, weights }, { mode, rows }) => {
      const [bags, width] = dy.shape
      checkIds(ids, rows)
      const dTable = zeros([rows, width])
      const factors = weights ? at(weights) : 0
      call.spreadBags(at(dy), at(ids), at(offsets), factors, at(dTable), bags, width * 4, mode === 'mean' ? 1 : 0)
      return dTable
    }),
    hostKernel<EmbeddingBagWeightsGradInputs, EmbeddingBagAttrs>(
      EmbeddingBagWeightsGrad,
      'wasm',
      ({ dy, table, ids, offsets }, { mode }) => {
        const [bags, width] = dy.shape
        checkIds(ids, table.shape[0])
        const dWeights = zeros(ids.shape)
        call.bagProducts(at(dy), at(table), at(ids), at(offsets), at(dWeights), bags, width * 4, mode === 'mean' ? 1 : 0)
        return dWeights
      },
    ),
    sumKernel(backend, (x, columns, keptShape) => {
      const sums = zeros(keptShape)
      call.columnSums(at(x), at(sums), sizeOf(x) / columns, columns * 4)
      return sums
    }),
  ]
}

/** Sums over leading axes (the gradient of a bias) go to `columnSums`, all others to TensorFlow.js' own kernel. */
function sumKernel(
  backend: BackendWasm,
  columnSums: (x: tf.TensorInfo, columns: number, shape: readonly number[]) => tf.TensorInfo,
): tf.KernelConfig {
  return wrapKernel<tf.SumInputs, tf.SumAttrs>(tf.Sum, backend, 'wasm', ({ x }, { axis, keepDims }, original) => {
    const axes = tf.util.parseAxisParam(axis, x.shape)
    const kept = x.shape.slice(axes.length)
    const columns = kept.reduce((product, dim) => product * dim, 1)
    const leading = axes.length < x.shape.length && axes.every((axis, index) => axis === index)
    if (x.dtype !== 'float32' || !leading || columns === 0) return original()
    return columnSums(x, columns, keepDims ? [...axes.map(() => 1), ...kept] : kept)
  })
}

function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((product, dim) => product * dim, 1)
}

function bytesOf(info: tf.TensorInfo): number {
  return 4 * sizeOf(info)
}

/** The last axis as rows, whose width is in bytes. */
function rowsOf(info: tf.TensorInfo): { rows: number; width: number } {
  const columns = info.shape[info.shape.length - 1]
  return { rows: columns === 0 ? 0 : sizeOf(info) / columns, width: columns * 4 }
}
