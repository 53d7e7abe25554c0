import { type _FusedMatMulAttrs, type BatchMatMulAttrs, type EinsumAttrs, util } from '@tensorflow/tfjs-core'
import type { Recorded, Recorder } from '../recorder.js'
import { activate } from './activate.js'
import { type KernelTable, kernel } from './kernel.js'
import { arithmetic, broadcastShape, transpose } from './nodes.js'

interface MatMulOptions {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

const swapped = (recorder: Recorder, x: Recorded) => {
  const axes = x.shape.map((_, axis) => axis)
  return transpose(recorder, x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2])
}

/** Gemm for matrices (it takes them transposed), MatMul for stacks of matrices. */
function matMul(recorder: Recorder, a: Recorded, b: Recorded, { transposeA, transposeB }: MatMulOptions): Recorded {
  const rows = a.shape.at(transposeA ? -1 : -2) ?? 1
  const columns = b.shape.at(transposeB ? -2 : -1) ?? 1
  const [across, down] = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)]
  util.assert(across === down, () => `Error in matMul: inner sizes ${across} and ${down} of [${a.shape}] and [${b.shape}] must match.`)
  const shape = [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
  if (a.shape.length === 2 && b.shape.length === 2 && a.dtype === 'float32') {
    return recorder.node('Gemm', [a, b], { dtype: a.dtype, shape }, { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 })
  }
  const left = transposeA ? swapped(recorder, a) : a
  const right = transposeB ? swapped(recorder, b) : b
  return recorder.node('MatMul', [left, right], { dtype: a.dtype, shape })
}

export const matrixKernels: KernelTable = {
  BatchMatMul: kernel<BatchMatMulAttrs>(({ inputs: { a, b }, attrs, recorder }) => matMul(recorder, a, b, attrs)),
  _FusedMatMul: kernel<_FusedMatMulAttrs>(({ inputs: { a, b, bias, preluActivationWeights }, attrs, recorder }) => {
    const product = matMul(recorder, a, b, attrs)
    const sum = bias ? arithmetic(recorder, 'Add', product, bias) : product
    return activate(recorder, '_FusedMatMul', sum, attrs, preluActivationWeights)
  }),
  Einsum: kernel<EinsumAttrs>(({ inputs, attrs, recorder }) => {
    const operands = Object.values(inputs)
    const equation = attrs.equation.replaceAll(' ', '')
    const [from, to] = equation.split('->')
    const sizes = new Map(from.split(',').flatMap((letters, i) => [...letters].map((letter, axis) => [letter, operands[i].shape[axis]])))
    const shape = [...to].map((letter) => sizes.get(letter) ?? 1)
    return recorder.node('Einsum', operands, { dtype: operands[0].dtype, shape }, { equation })
  }),
}
