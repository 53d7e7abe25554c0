import type { ConvolutionAttrs } from '../../ops/kernel-names.js'
import type { Margins2d } from '../../ops/sliding-window.js'
import { depthwiseFilterGradient } from '../passes/depthwise-filter-gradient.js'
import type { Recorded, Recorder } from '../recorder.js'
import { reduce, reshape, transpose } from './nodes.js'

/*
 * Convolutions and their gradients. Pictures come and go channels last, as TensorFlow.js has them; ONNX has channels first.
 * The transpositions between are written down here and cancelled by a pass. Filters are [out, in / groups, height, width].
 */

/** `[batch, height, width, channels]` → `[batch, channels, height, width]` */
export const channelsFirst = (recorder: Recorder, x: Recorded): Recorded => transpose(recorder, x, [0, 3, 1, 2])

/** And back. */
export const channelsLast = (recorder: Recorder, x: Recorded): Recorded => transpose(recorder, x, [0, 2, 3, 1])

export const padsOf = ({ top, left, bottom, right }: Margins2d): readonly number[] => [top, left, bottom, right]

type Pair = readonly [height: number, width: number]

const pairOf = (f: (axis: 0 | 1) => number): Pair => [f(0), f(1)]

/** What one cell of the filter, and all of them, reach over. */
interface Geometry {
  /** Height and width of the filter. */
  readonly kernel: Pair
  readonly reach: Pair
  /** Of the input, the output. */
  readonly input: Pair
  readonly output: Pair
  readonly before: Pair
  readonly after: Pair
}

function geometryOf(input: readonly number[], filter: readonly number[], { strides, dilations, margins }: ConvolutionAttrs): Geometry {
  const kernel = pairOf((axis) => filter[2 + axis])
  const reach = pairOf((axis) => (kernel[axis] - 1) * dilations[axis] + 1)
  const before: Pair = [margins.top, margins.left]
  const after: Pair = [margins.bottom, margins.right]
  const size = pairOf((axis) => input[2 + axis])
  const output = pairOf((axis) => Math.floor((size[axis] + before[axis] + after[axis] - reach[axis]) / strides[axis]) + 1)
  return { kernel, reach, input: size, output, before, after }
}

/** Channels first. */
function conv(recorder: Recorder, x: Recorded, filter: Recorded, attrs: ConvolutionAttrs): Recorded {
  const { strides, dilations, margins, groups } = attrs
  const { kernel, output } = geometryOf(x.shape, filter.shape, attrs)
  const shape = [x.shape[0], filter.shape[0], ...output]
  const attributes = { kernel_shape: kernel, strides, dilations, pads: padsOf(margins), group: groups }
  return recorder.node('Conv', [x, filter], { dtype: x.dtype, shape }, attributes)
}

/** `[batch, height, width, in]` → `[batch, height, width, out]` */
export const convolution = (recorder: Recorder, x: Recorded, filter: Recorded, attrs: ConvolutionAttrs): Recorded =>
  channelsLast(recorder, conv(recorder, channelsFirst(recorder, x), filter, attrs))

/** The gradient of the pictures. */
export function inputGradient(
  recorder: Recorder,
  dy: Recorded,
  filter: Recorded,
  attrs: ConvolutionAttrs & { readonly inputShape: readonly number[] },
): Recorded {
  const [batch, height, width, channels] = attrs.inputShape
  const shape = [batch, channels, height, width]
  const slopes = channelsFirst(recorder, dy)
  const geometry = geometryOf(shape, filter.shape, attrs)
  const { reach, before, after } = geometry
  const dense = attrs.strides.every((stride) => stride === 1) && [...before, ...after].every((pad, i) => pad < reach[i % 2])
  const dx = dense
    ? turnedConvolution(recorder, slopes, filter, attrs, geometry)
    : transposed(recorder, slopes, filter, shape, attrs, geometry)
  return channelsLast(recorder, dx)
}

/** With stride 1 it is the convolution with the filter turned by half a circle, its inputs and outputs exchanged. */
function turnedConvolution(recorder: Recorder, slopes: Recorded, filter: Recorded, attrs: ConvolutionAttrs, geometry: Geometry): Recorded {
  const { kernel, reach, before, after } = geometry
  const margins = {
    top: reach[0] - 1 - before[0],
    left: reach[1] - 1 - before[1],
    bottom: reach[0] - 1 - after[0],
    right: reach[1] - 1 - after[1],
  }
  return conv(recorder, slopes, exchanged(recorder, turned(recorder, filter, kernel), attrs.groups), { ...attrs, margins })
}

function turned(recorder: Recorder, filter: Recorded, [height, width]: Pair): Recorded {
  if (height === 1 && width === 1) return filter
  const positions = [[-1, -1], [-(2 ** 31), -(2 ** 31)], [2, 3], [-1, -1]].map((values) => recorder.ints(values)) // biome-ignore format: a column each
  return recorder.node('Slice', [filter, ...positions], filter)
}

/** `[out, in / groups, …]` → `[in, out / groups, …]` */
function exchanged(recorder: Recorder, filter: Recorded, groups: number): Recorded {
  const [out, depth, ...kernel] = filter.shape
  if (groups === 1) return transpose(recorder, filter, [1, 0, 2, 3])
  if (depth === 1 && out === groups) return filter
  const apart = reshape(recorder, filter, [groups, out / groups, depth, ...kernel])
  return reshape(recorder, transpose(recorder, apart, [0, 2, 1, 3, 4]), [groups * depth, out / groups, ...kernel])
}

function transposed(
  recorder: Recorder,
  slopes: Recorded,
  filter: Recorded,
  shape: readonly number[],
  { strides, dilations, margins, groups }: ConvolutionAttrs,
  { kernel, reach, input, output, before, after }: Geometry,
): Recorded {
  // Rows at the end that no window reached.
  const output_padding = pairOf((axis) => input[axis] + before[axis] + after[axis] - reach[axis] - (output[axis] - 1) * strides[axis])
  const attributes = { kernel_shape: kernel, strides, dilations, pads: padsOf(margins), group: groups, output_padding }
  return recorder.node('ConvTranspose', [slopes, filter], { dtype: slopes.dtype, shape }, attributes)
}

/** The gradient of the filter: for each of its cells a product of what lies under that cell with the gradient of the output. */
export function filterGradient(
  recorder: Recorder,
  x: Recorded,
  dy: Recorded,
  attrs: ConvolutionAttrs & { readonly filterShape: readonly number[] },
): Recorded {
  const { filterShape, groups } = attrs
  const [pictures, slopes] = [channelsFirst(recorder, x), channelsFirst(recorder, dy)]
  const [out, depth] = filterShape
  if (depth === 1 && out === groups) {
    const { strides, dilations, margins } = attrs
    const attributes = { strides, dilations, pads: padsOf(margins) }
    return recorder.node(depthwiseFilterGradient, [pictures, slopes], { dtype: x.dtype, shape: filterShape }, attributes)
  }
  const geometry = geometryOf(pictures.shape, filterShape, attrs)
  const [height, width] = geometry.kernel
  if (groups === 1 && depth >= 16 && geometry.output[0] * geometry.output[1] <= fewPlaces)
    return rowsFilterGradient(recorder, x, dy, attrs, geometry)
  const cells = cellsOf(recorder, pictures, attrs, geometry)
  // With few channels all cells make one product.
  if (groups === 1 && cells.length > 1 && depth < 16) {
    const [batch, , places] = cells[0].shape
    const joined = recorder.node('Concat', cells, { dtype: x.dtype, shape: [batch, cells.length * depth, places] }, { axis: 1 })
    const product = reshape(recorder, outerProduct(recorder, slopes, joined, 1), [out, height, width, depth])
    return transpose(recorder, product, [0, 3, 1, 2])
  }
  return joinCells(
    recorder,
    cells.map((cell) => outerProduct(recorder, slopes, cell, groups)),
    filterShape,
  )
}

/** A matrix `[out, in / groups]` for each cell → the filter. */
function joinCells(recorder: Recorder, cells: readonly Recorded[], filterShape: readonly number[]): Recorded {
  const [out, depth] = filterShape
  const columns = cells.map((cell) => reshape(recorder, cell, [out, depth, 1]))
  if (columns.length === 1) return reshape(recorder, columns[0], filterShape)
  const joined = recorder.node('Concat', columns, { dtype: cells[0].dtype, shape: [out, depth, cells.length] }, { axis: 2 })
  return reshape(recorder, joined, filterShape)
}

/** Pictures of so few places make small products each: all of them in one are quicker. */
const fewPlaces = 256

/** The same with channels last, where the places of all pictures are the rows of one matrix. */
function rowsFilterGradient(
  recorder: Recorder,
  x: Recorded,
  dy: Recorded,
  { strides, dilations, filterShape }: ConvolutionAttrs & { readonly filterShape: readonly number[] },
  { kernel, output, before, after }: Geometry,
): Recorded {
  const [batch, height, width, channels] = x.shape
  const rows = batch * output[0] * output[1]
  const slopes = reshape(recorder, dy, [rows, filterShape[0]])
  const product = (cell: Recorded) =>
    recorder.node(
      'Gemm',
      [slopes, reshape(recorder, cell, [rows, channels])],
      { dtype: x.dtype, shape: filterShape.slice(0, 2) },
      { transA: 1, transB: 0 },
    )
  const whole = [...before, ...after].every((pad) => pad === 0) && kernel[0] * kernel[1] === 1 && strides.every((stride) => stride === 1)
  if (whole) return reshape(recorder, product(x), filterShape)
  // With a fifth axis it is no picture to the pass that moves channels to the front.
  const picture = reshape(recorder, x, [batch, 1, height, width, channels])
  const pads = recorder.ints([0, 0, ...before, 0, 0, 0, ...after, 0])
  const size = pairOf((axis) => [height, width][axis] + before[axis] + after[axis])
  const padded = recorder.node(
    'Pad',
    [picture, pads, recorder.fill(0)],
    { dtype: x.dtype, shape: [batch, 1, ...size, channels] },
    { mode: 'constant' },
  )
  const cells: Recorded[] = []
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const begin: Pair = [row * dilations[0], column * dilations[1]]
      const end = pairOf((axis) => begin[axis] + (output[axis] - 1) * strides[axis] + 1)
      const positions = [begin, end, [2, 3], strides].map((values) => recorder.ints(values))
      cells.push(product(recorder.node('Slice', [padded, ...positions], { dtype: x.dtype, shape: [batch, 1, ...output, channels] })))
    }
  }
  return joinCells(recorder, cells, filterShape)
}

/** For each cell of the filter, row by row: what lies under it at every place of the output, `[batch, in, places]`. */
function cellsOf(
  recorder: Recorder,
  x: Recorded,
  { strides, dilations }: ConvolutionAttrs,
  { kernel, output, before, after }: Geometry,
): Recorded[] {
  const padded = padPlaces(recorder, x, before, after)
  const [batch, channels] = x.shape
  const cells: Recorded[] = []
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const begin = [0, 0, row * dilations[0], column * dilations[1]]
      const end = [batch, channels, ...pairOf((axis) => begin[2 + axis] + (output[axis] - 1) * strides[axis] + 1)]
      const shape = [batch, channels, ...output]
      const whole = shape.every((size, axis) => size === padded.shape[axis])
      const cell = whole ? padded : slicePlaces(recorder, padded, begin, end, strides, shape)
      cells.push(reshape(recorder, cell, [batch, channels, output[0] * output[1]]))
    }
  }
  return cells
}

/** Only height and width, so that the batch may be of any size. */
function slicePlaces(
  recorder: Recorder,
  x: Recorded,
  begin: readonly number[],
  end: readonly number[],
  strides: Pair,
  shape: readonly number[],
): Recorded {
  const steps = strides.some((stride) => stride !== 1) ? [recorder.ints(strides)] : []
  const positions = [recorder.ints(begin.slice(2)), recorder.ints(end.slice(2)), recorder.ints([2, 3]), ...steps]
  return recorder.node('Slice', [x, ...positions], { dtype: x.dtype, shape })
}

function padPlaces(recorder: Recorder, x: Recorded, before: Pair, after: Pair): Recorded {
  if ([...before, ...after].every((pad) => pad === 0)) return x
  const [batch, channels, height, width] = x.shape
  const shape = [batch, channels, height + before[0] + after[0], width + before[1] + after[1]]
  const pads = recorder.ints([0, 0, ...before, 0, 0, ...after])
  return recorder.node('Pad', [x, pads, recorder.fill(0)], { dtype: x.dtype, shape }, { mode: 'constant' })
}

/** `slopes [batch, out, …places] · cell [batch, in, places]ᵀ`, summed over the batch: `[out, in / groups]`. */
function outerProduct(recorder: Recorder, slopes: Recorded, cell: Recorded, groups: number): Recorded {
  const [batch, channels, places] = cell.shape
  const out = slopes.shape[1]
  const apart = (x: Recorded, count: number) =>
    reshape(recorder, x, groups === 1 ? [batch, count, places] : [batch, groups, count / groups, places])
  const left = apart(slopes, out)
  const right = apart(cell, channels)
  const axes = right.shape.map((_, axis) => axis)
  const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
  const shape = [...left.shape.slice(0, -1), right.shape[right.shape.length - 2]]
  const product = recorder.node('MatMul', [left, transpose(recorder, right, perm)], { dtype: cell.dtype, shape })
  return reshape(recorder, reduce(recorder, 'ReduceSum', product, [0], false), [out, channels / groups])
}
