import { MsError } from '@ms/core'
import { type _FusedMatMulAttrs, type BatchMatMulAttrs, util } from '@tensorflow/tfjs-core'
import type { Recorded, Recorder } from '../recorder.js'
import { elementwiseKernels } from './elementwise.js'
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

const activations: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
}

function activate(recorder: Recorder, x: Recorded, attrs: _FusedMatMulAttrs, alpha?: Recorded): Recorded {
  if (!attrs.activation || attrs.activation === 'linear') return x
  const record = elementwiseKernels[activations[attrs.activation]]
  if (!record) {
    throw new MsError('engine.op-unsupported', `the activation '${attrs.activation}' of '_FusedMatMul' cannot be recorded`, {
      where: '_FusedMatMul',
      kind: 'failure',
    })
  }
  const result = record(alpha ? { x, alpha } : { x }, { alpha: attrs.leakyreluAlpha ?? 0.2 }, recorder)
  return 'kind' in result ? result : result[0]
}

export const matrixKernels: KernelTable = {
  BatchMatMul: kernel<BatchMatMulAttrs>(({ inputs: { a, b }, attrs, recorder }) => matMul(recorder, a, b, attrs)),
  _FusedMatMul: kernel<_FusedMatMulAttrs>(({ inputs: { a, b, bias, preluActivationWeights }, attrs, recorder }) => {
    const product = matMul(recorder, a, b, attrs)
    const sum = bias ? arithmetic(recorder, 'Add', product, bias) : product
    return activate(recorder, sum, attrs, preluActivationWeights)
  }),
}
