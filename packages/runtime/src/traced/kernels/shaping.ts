import {
  type BroadCastToAttrs,
  backend_util,
  type ConcatAttrs,
  type ExpandDimsAttrs,
  type FillAttrs,
  type LinSpaceAttrs,
  type PackAttrs,
  type PadV2Attrs,
  type RangeAttrs,
  type ReshapeAttrs,
  type ReverseAttrs,
  type SliceAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  slice_util,
  type TensorInfo,
  type TileAttrs,
  type TransposeAttrs,
  type UnpackAttrs,
  util,
} from '@tensorflow/tfjs-core'
import { fillOf } from '../graph.js'
import type { Recorded } from '../recorder.js'
import { elementType } from '../trace-backend.js'
import { type KernelTable, kernel } from './kernel.js'
import { expand, reshape, sizeOf, slice, transpose } from './nodes.js'

/** Beyond the first element, for a slice that runs backwards. */
const beforeFirst = -(2 ** 31)

/** What TensorFlow.js's shape functions want to see of a tensor. */
const infoOf = (x: Recorded): TensorInfo => ({ dataId: x, dtype: 'float32', shape: [...x.shape] })

export const shapingKernels: KernelTable = {
  Reshape: kernel<ReshapeAttrs>(({ inputs: { x }, attrs, recorder }) =>
    reshape(recorder, x, util.inferFromImplicitShape(attrs.shape, sizeOf(x.shape))),
  ),
  ExpandDims: kernel<ExpandDimsAttrs>(({ inputs: { input }, attrs, recorder }) => {
    const axis = attrs.dim < 0 ? input.shape.length + 1 + attrs.dim : attrs.dim
    return reshape(recorder, input, [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)])
  }),
  Transpose: kernel<TransposeAttrs>(({ inputs: { x }, attrs, recorder }) => transpose(recorder, x, attrs.perm)),
  Slice: kernel<SliceAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const [begin, shape] = slice_util.parseSliceParams(infoOf(x), attrs.begin, attrs.size)
    return slice(recorder, x, { begin, end: begin.map((from, axis) => from + shape[axis]), shape })
  }),
  StridedSlice: kernel<StridedSliceAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs
    const info = slice_util.sliceInfo([...x.shape], begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask)
    const shape = slice_util.computeOutShape(info.begin, info.end, info.strides)
    const stop = info.end.map((to, axis) => (info.strides[axis] < 0 && to < 0 ? beforeFirst : to))
    return reshape(recorder, slice(recorder, x, { begin: info.begin, end: stop, strides: info.strides, shape }), info.finalShape)
  }),
  Reverse: kernel<ReverseAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const axes = util.parseAxisParam(attrs.dims, [...x.shape])
    if (axes.length === 0) return x
    const positions = [axes.map(() => -1), axes.map(() => beforeFirst), axes, axes.map(() => -1)].map((values) => recorder.ints(values))
    return recorder.node('Slice', [x, ...positions], x)
  }),
  Tile: kernel<TileAttrs>(({ inputs: { x }, attrs: { reps }, recorder }) => {
    const shape = x.shape.map((size, axis) => size * reps[axis])
    if (x.shape.every((size, axis) => size === 1 || reps[axis] === 1)) return expand(recorder, x, shape)
    const fill = fillOf(x)
    if (fill !== undefined) return recorder.fill(fill, x.dtype, shape)
    return recorder.node('Tile', [x, recorder.ints(reps)], { dtype: x.dtype, shape })
  }),
  BroadcastTo: kernel<BroadCastToAttrs>(({ inputs: { x }, attrs, recorder }) => expand(recorder, x, attrs.shape)),
  Concat: kernel<ConcatAttrs>(({ inputs, attrs, recorder }) => {
    const parts = Object.values(inputs)
    const [axis] = util.parseAxisParam(attrs.axis, [...parts[0].shape])
    const shapes = parts.map((part) => [...part.shape])
    backend_util.assertParamsConsistent(shapes, axis)
    const shape = backend_util.computeOutShape(shapes, axis)
    if (parts.length === 1) return parts[0]
    return recorder.node('Concat', parts, { dtype: parts[0].dtype, shape }, { axis })
  }),
  Pack: kernel<PackAttrs>(({ inputs, attrs, recorder }) => {
    const parts = Object.values(inputs)
    const { shape: inner } = parts[0]
    const axis = attrs.axis < 0 ? inner.length + 1 + attrs.axis : attrs.axis
    const withAxis = (size: number) => [...inner.slice(0, axis), size, ...inner.slice(axis)]
    const reshaped = parts.map((part) => reshape(recorder, part, withAxis(1)))
    return recorder.node('Concat', reshaped, { dtype: parts[0].dtype, shape: withAxis(parts.length) }, { axis })
  }),
  Unpack: kernel<UnpackAttrs>(({ inputs: { value }, attrs, recorder }) => {
    const axis = attrs.axis < 0 ? value.shape.length + attrs.axis : attrs.axis
    const inner = value.shape.filter((_, i) => i !== axis)
    const part = { dtype: value.dtype, shape: value.shape.map((size, i) => (i === axis ? 1 : size)) }
    const parts = recorder.nodes('Split', [value], Array(value.shape[axis]).fill(part), { axis, num_outputs: value.shape[axis] })
    return parts.map((piece) => reshape(recorder, piece, inner))
  }),
  SplitV: kernel<SplitVAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const [axis] = util.parseAxisParam(attrs.axis, [...x.shape])
    const lengths = backend_util.prepareSplitSize(infoOf(x), attrs.numOrSizeSplits, axis)
    const parts = lengths.map((length) => ({ dtype: x.dtype, shape: x.shape.map((size, i) => (i === axis ? length : size)) }))
    return recorder.nodes('Split', [x, recorder.ints(lengths)], parts, { axis })
  }),
  PadV2: kernel<PadV2Attrs>(({ inputs: { x }, attrs: { paddings, constantValue }, recorder }) => {
    const shape = x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1])
    const pads = recorder.ints([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)])
    return recorder.node('Pad', [x, pads, recorder.fill(constantValue ?? 0, x.dtype)], { dtype: x.dtype, shape }, { mode: 'constant' })
  }),
  Fill: kernel<FillAttrs>(({ attrs, recorder }) =>
    recorder.fill(Number(attrs.value), elementType(attrs.dtype ?? util.inferDtype(attrs.value)), attrs.shape),
  ),
  ZerosLike: kernel(({ inputs: { x }, recorder }) => recorder.fill(0, x.dtype, x.shape)),
  OnesLike: kernel(({ inputs: { x }, recorder }) => recorder.fill(1, x.dtype, x.shape)),
  Range: kernel<RangeAttrs>(({ attrs: { start, stop, step, dtype }, recorder }) => {
    const length = Math.max(0, Math.ceil((stop - start) / step))
    return recorder.constant(
      Array.from({ length }, (_, i) => start + i * step),
      elementType(dtype),
      [length],
    )
  }),
  LinSpace: kernel<LinSpaceAttrs>(({ attrs: { start, stop, num }, recorder }) =>
    recorder.constant(
      Array.from({ length: num }, (_, i) => (num === 1 ? start : start + (i * (stop - start)) / (num - 1))),
      'float32',
      [num],
    ),
  ),
}
