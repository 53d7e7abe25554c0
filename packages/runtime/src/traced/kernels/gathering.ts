import { MsError } from '@ms/core'
import { type GatherV2Attrs, type OneHotAttrs, type ScatterNdAttrs, util } from '@tensorflow/tfjs-core'
import type { Recorded, Recorder } from '../recorder.js'
import { elementType } from '../trace-backend.js'
import { type KernelTable, kernel } from './kernel.js'
import { cast, elementwise, reshape } from './nodes.js'

/** Adds rows of `updates` to a tensor of zeros, at `indices [..., depth]`. */
function scatterAdd(recorder: Recorder, indices: Recorded, updates: Recorded, shape: readonly number[]): Recorded {
  const zeros = recorder.fill(0, updates.dtype, shape)
  return recorder.node('ScatterND', [zeros, cast(recorder, indices, 'int64'), updates], zeros, { reduction: 'add' })
}

export const gatheringKernels: KernelTable = {
  GatherV2: kernel<GatherV2Attrs>(({ inputs: { x, indices }, attrs, recorder }) => {
    const [axis] = util.parseAxisParam(attrs.axis, [...x.shape])
    const batchDims = attrs.batchDims ?? 0
    const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...x.shape.slice(axis + 1)]
    if (batchDims > 0) {
      if (axis !== batchDims) {
        throw new MsError('engine.op-unsupported', "'GatherV2' with batchDims and another axis behind them cannot be recorded", {
          where: 'GatherV2',
          advice: 'Transpose, so that the axis follows the batch dimensions.',
          kind: 'failure',
        })
      }
      const positions = reshape(recorder, cast(recorder, indices, 'int64'), [...indices.shape, 1])
      return recorder.node('GatherND', [x, positions], { dtype: x.dtype, shape }, { batch_dims: batchDims })
    }
    return recorder.node('Gather', [x, cast(recorder, indices, 'int32')], { dtype: x.dtype, shape }, { axis })
  }),
  UnsortedSegmentSum: kernel<{ numSegments: number }>(({ inputs: { x, segmentIds }, attrs, recorder }) => {
    util.assertShapesMatch([...x.shape.slice(0, segmentIds.shape.length)], [...segmentIds.shape], 'Error in unsortedSegmentSum: ')
    const inner = x.shape.slice(segmentIds.shape.length)
    return scatterAdd(recorder, reshape(recorder, segmentIds, [...segmentIds.shape, 1]), x, [attrs.numSegments, ...inner])
  }),
  GatherNd: kernel(({ inputs: { params, indices }, recorder }) => {
    const depth = indices.shape.at(-1) ?? 0
    const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)]
    return recorder.node('GatherND', [params, cast(recorder, indices, 'int64')], { dtype: params.dtype, shape })
  }),
  ScatterNd: kernel<ScatterNdAttrs>(({ inputs: { indices, updates }, attrs, recorder }) =>
    scatterAdd(recorder, indices, updates, attrs.shape),
  ),
  OneHot: kernel<OneHotAttrs>(({ inputs: { indices }, attrs, recorder }) => {
    // Compared by hand: ONNX's OneHot counts negative indices from the end, TensorFlow.js's has no one there.
    const { depth, onValue = 1, offValue = 0 } = attrs
    const dtype = elementType(attrs.dtype ?? 'int32')
    const classes = recorder.constant(
      Array.from({ length: depth }, (_, i) => i),
      'int32',
      [depth],
    )
    const column = reshape(recorder, cast(recorder, indices, 'int32'), [...indices.shape, 1])
    const hot = elementwise(recorder, 'Equal', [column, classes], { dtype: 'bool' })
    const valueType = dtype === 'bool' ? 'int32' : dtype
    const values = [recorder.fill(onValue, valueType), recorder.fill(offValue, valueType)]
    return cast(recorder, elementwise(recorder, 'Where', [hot, ...values], { dtype: valueType }), dtype)
  }),
}
