import {
  type BagMode,
  EmbeddingBag,
  type EmbeddingBagAttrs,
  EmbeddingBagGrad,
  type EmbeddingBagGradAttrs,
  EmbeddingBagWeightsGrad,
} from '../../ops/kernel-names.js'
import type { Recorded, Recorder } from '../recorder.js'
import { type KernelTable, kernel } from './kernel.js'
import { arithmetic, cast, elementwise, reduce, reshape, slice } from './nodes.js'

/** `[n, 1]` int64: the bag of each id, as the number of bags that begin at it or before it, less one. */
function bagOfEach(recorder: Recorder, offsets: Recorded, n: number): Recorded {
  const bags = offsets.shape[0] - 1
  const begins = slice(recorder, offsets, { begin: [1], end: [bags], shape: [bags - 1] })
  // One longer than there are ids: empty bags at the end begin there.
  const counts = recorder.node(
    'ScatterND',
    [
      recorder.fill(0, 'int32', [n + 1]),
      cast(recorder, reshape(recorder, begins, [bags - 1, 1]), 'int64'),
      recorder.fill(1, 'int32', [bags - 1]),
    ],
    { dtype: 'int32', shape: [n + 1] },
    { reduction: 'add' },
  )
  const bag = recorder.node('CumSum', [counts, recorder.fill(0, 'int64')], counts)
  return cast(recorder, reshape(recorder, slice(recorder, bag, { begin: [0], end: [n], shape: [n] }), [n, 1]), 'int64')
}

/** What each bag's sum is multiplied by, `[bags, 1]`; undefined where that is 1. */
function shareOfEach(recorder: Recorder, offsets: Recorded, mode: BagMode): Recorded | undefined {
  if (mode === 'sum') return undefined
  const bags = offsets.shape[0] - 1
  const ends = slice(recorder, offsets, { begin: [1], end: [bags + 1], shape: [bags] })
  const begins = slice(recorder, offsets, { begin: [0], end: [bags], shape: [bags] })
  const sizes = cast(recorder, arithmetic(recorder, 'Sub', ends, begins), 'float32')
  const share = elementwise(recorder, 'Reciprocal', [elementwise(recorder, 'Max', [sizes, recorder.fill(1)])])
  return reshape(recorder, share, [bags, 1])
}

const gather = (recorder: Recorder, table: Recorded, rows: Recorded): Recorded =>
  recorder.node('Gather', [table, rows], { dtype: 'float32', shape: [rows.shape[0], table.shape[1]] }, { axis: 0 })

function scatterAdd(recorder: Recorder, rows: number, indices: Recorded, updates: Recorded): Recorded {
  const zeros = recorder.fill(0, 'float32', [rows, updates.shape[1]])
  return recorder.node('ScatterND', [zeros, indices, updates], zeros, { reduction: 'add' })
}

const weighted = (recorder: Recorder, rows: Recorded, weights: Recorded | undefined): Recorded =>
  weights ? arithmetic(recorder, 'Mul', rows, reshape(recorder, weights, [weights.shape[0], 1])) : rows

const scaled = (recorder: Recorder, bags: Recorded, share: Recorded | undefined): Recorded =>
  share ? arithmetic(recorder, 'Mul', bags, share) : bags

/** The gradient of the bag of each id, `[n, width]`. */
function gradientOfEach(recorder: Recorder, dy: Recorded, ids: Recorded, offsets: Recorded, mode: BagMode): Recorded {
  const [n] = ids.shape
  const bag = reshape(recorder, bagOfEach(recorder, offsets, n), [n])
  return gather(recorder, scaled(recorder, dy, shareOfEach(recorder, offsets, mode)), bag)
}

export const embeddingBagKernels: KernelTable = {
  [EmbeddingBag]: kernel<EmbeddingBagAttrs>(({ inputs: { table, ids, offsets, weights }, attrs: { mode }, recorder }) => {
    const rows = weighted(recorder, gather(recorder, table, ids), weights)
    const sums = scatterAdd(recorder, offsets.shape[0] - 1, bagOfEach(recorder, offsets, ids.shape[0]), rows)
    return scaled(recorder, sums, shareOfEach(recorder, offsets, mode))
  }),
  [EmbeddingBagGrad]: kernel<EmbeddingBagGradAttrs>(({ inputs: { dy, ids, offsets, weights }, attrs: { mode, rows }, recorder }) => {
    const each = weighted(recorder, gradientOfEach(recorder, dy, ids, offsets, mode), weights)
    return scatterAdd(recorder, rows, cast(recorder, reshape(recorder, ids, [ids.shape[0], 1]), 'int64'), each)
  }),
  [EmbeddingBagWeightsGrad]: kernel<EmbeddingBagAttrs>(({ inputs: { dy, table, ids, offsets }, attrs: { mode }, recorder }) => {
    const each = gradientOfEach(recorder, dy, ids, offsets, mode)
    return reduce(recorder, 'ReduceSum', arithmetic(recorder, 'Mul', each, gather(recorder, table, ids)), [1], false)
  }),
}
