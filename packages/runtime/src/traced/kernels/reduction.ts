import {
  type ArgMaxAttrs,
  type CumsumAttrs,
  type LogSoftmaxAttrs,
  type MaxAttrs,
  type SoftmaxAttrs,
  type SumAttrs,
  type TopKAttrs,
  util,
} from '@tensorflow/tfjs-core'
import type { Recorded, Recorder } from '../recorder.js'
import { type KernelTable, kernel, type RecordKernel } from './kernel.js'
import { cast, reduce } from './nodes.js'

type ReduceOp = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd'

/** No axis means all axes. */
const axesOf = (x: Recorded, axis: number | number[] | null) => util.parseAxisParam(axis as number[], [...x.shape])

const asNumbers = (recorder: Recorder, x: Recorded) => (x.dtype === 'bool' ? cast(recorder, x, 'int32') : x)

const reduction = (op: ReduceOp): RecordKernel =>
  // Max and Min call the axes `reductionIndices`, and Min `axis` too.
  kernel<Partial<SumAttrs & MaxAttrs>>(({ inputs: { x }, attrs, recorder }) =>
    reduce(recorder, op, asNumbers(recorder, x), axesOf(x, attrs.axis ?? attrs.reductionIndices ?? null), attrs.keepDims ?? false),
  )

const logical = (op: 'ReduceMin' | 'ReduceMax'): RecordKernel =>
  kernel<SumAttrs>(({ inputs: { x }, attrs, recorder }) =>
    cast(recorder, reduce(recorder, op, cast(recorder, x, 'int32'), axesOf(x, attrs.axis), attrs.keepDims), 'bool'),
  )

const position = (op: 'ArgMax' | 'ArgMin'): RecordKernel =>
  kernel<ArgMaxAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const [axis] = axesOf(x, attrs.axis)
    const shape = x.shape.filter((_, i) => i !== axis)
    const found = recorder.node(op, [asNumbers(recorder, x)], { dtype: 'int64', shape }, { axis, keepdims: 0 })
    return cast(recorder, found, 'int32')
  })

export const reductionKernels: KernelTable = {
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Mean: kernel<SumAttrs>(({ inputs: { x }, attrs, recorder }) =>
    reduce(recorder, 'ReduceMean', cast(recorder, x, 'float32'), axesOf(x, attrs.axis), attrs.keepDims),
  ),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
  Softmax: kernel<SoftmaxAttrs>(({ inputs: { logits }, attrs, recorder }) =>
    recorder.node('Softmax', [logits], logits, { axis: attrs.dim }),
  ),
  LogSoftmax: kernel<LogSoftmaxAttrs>(({ inputs: { logits }, attrs, recorder }) =>
    recorder.node('LogSoftmax', [logits], logits, { axis: attrs.axis }),
  ),
  Cumsum: kernel<CumsumAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const axis = recorder.fill(attrs.axis, 'int64')
    const counted = x.dtype === 'bool' ? cast(recorder, x, 'int32') : x
    return recorder.node('CumSum', [counted, axis], counted, { exclusive: attrs.exclusive ? 1 : 0, reverse: attrs.reverse ? 1 : 0 })
  }),
  TopK: kernel<TopKAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const shape = [...x.shape.slice(0, -1), attrs.k]
    const outputs = [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ] as const
    const [values, indices] = recorder.nodes('TopK', [x, recorder.ints([attrs.k])], outputs, { axis: -1, sorted: attrs.sorted ? 1 : 0 })
    return [values, cast(recorder, indices, 'int32')]
  }),
}
