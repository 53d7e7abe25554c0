import { product, type Size } from '../dynamic/size.js'
import type { Node, Value } from '../graph.js'
import { blockedConv, intoBlocks, outOfBlocks } from './blocked-operators.js'
import { fill, list } from './constants.js'
import type { Builder, Rule } from './rewrite.js'

/**
 * Recorded for the gradient of a depthwise filter, and put in other operators by the rules below.
 * Inputs: pictures and the gradient of the output, channels first. Attributes: those of the convolution. Output: like the filter.
 */
export const depthwiseFilterGradient = 'ms::DepthwiseFilterGradient'

/*
 * It is a convolution itself, of the pictures with the gradient of the output in the place of a filter, in which stride and
 * dilation change roles. It has to sum over pictures: these become input channels, or lie one below the other.
 */

const zero = fill(0)

const reshape = (builder: Builder, x: Value, shape: readonly Size[]): Value =>
  builder.value('Reshape', [x, list(shape)], {}, { dtype: x.dtype, shape })

function transpose(builder: Builder, x: Value, perm: readonly number[]): Value {
  return builder.value('Transpose', [x], { perm }, { dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]) })
}

/** Rows and columns as they are reached by windows: `pads` behind may be negative. */
function geometryOf({ attributes, inputs: [x, dy], outputs: [filter] }: Node) {
  const [height, width, rows, columns] = [x.shape[2], x.shape[3], dy.shape[2], dy.shape[3]]
  if (![height, width, rows, columns].every((size) => typeof size === 'number')) return undefined
  const of = (name: string) => attributes[name] as readonly number[]
  const [strides, dilations, pads] = [of('strides'), of('dilations'), of('pads')]
  const input = [Number(height), Number(width)]
  const output = [Number(rows), Number(columns)]
  const kernel = [Number(filter.shape[2]), Number(filter.shape[3])]
  const before = pads.slice(0, 2)
  const after = [0, 1].map(
    (axis) => (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - input[axis] - before[axis],
  )
  return { strides, dilations, input, output, kernel, before, after }
}

/** With ONNX's operators: pictures are the input channels of each group. */
export const plainDepthwiseFilterGradient: Rule = (node, [x, dy], builder) => {
  const geometry = node.op === depthwiseFilterGradient ? geometryOf(node) : undefined
  if (!geometry) return undefined
  const { strides, dilations, input, output, before, after } = geometry
  const [batch, channels] = x.shape
  const { dtype } = x
  // Rows at the end that no window reached would give more cells than the filter has.
  const size = [0, 1].map((axis) => input[axis] + Math.min(0, after[axis]))
  const ends = [list([0, 0]), list(size), list([2, 3])]
  const reached =
    size[0] === input[0] && size[1] === input[1]
      ? x
      : builder.value('Slice', [x, ...ends], {}, { dtype, shape: [batch, channels, ...size] })
  const stacked = reshape(builder, transpose(builder, reached, [1, 0, 2, 3]), [1, product([batch, channels]), ...size])
  const [filter] = node.outputs
  const shape = [1, channels, filter.shape[2], filter.shape[3]]
  const pads = [...before, ...after.map((pad) => Math.max(0, pad))]
  const attributes = { kernel_shape: output, strides: dilations, dilations: strides, pads, group: Number(channels) }
  const cells = builder.value('Conv', [stacked, transpose(builder, dy, [1, 0, 2, 3])], attributes, { dtype, shape })
  return reshape(builder, cells, filter.shape)
}

/** In blocks of channels: pictures lie one below the other, with as many rows between them as the windows reach beyond. */
export const blockedDepthwiseFilterGradient =
  (block: number): Rule =>
  (node, [x, dy], builder) => {
    const geometry = node.op === depthwiseFilterGradient ? geometryOf(node) : undefined
    const [batch, channels] = x.shape
    if (!geometry || typeof channels !== 'number' || channels % block !== 0) return undefined
    const { strides, dilations, input, output, kernel, before, after } = geometry
    if (dilations.some((dilation) => dilation !== 1)) return undefined
    // The gradient's rows lie a stride apart, so each picture takes a multiple of that.
    const rows = Math.ceil(Math.max((output[0] - 1) * strides[0] + kernel[0], input[0] + before[0]) / strides[0])
    const height = rows * strides[0]
    const width = input[1] + before[1] + Math.max(0, after[1])
    const margins = [before[0], before[1], height - input[0] - before[0], width - input[1] - before[1]]
    const pictures = below(builder, x, block, margins)
    const slopes = below(builder, dy, block, [0, 0, rows - output[0], 0])
    const filter = reshape(builder, slopes, [channels, 1, product([batch, rows]), output[1]])
    // One row of the output for each that the reach of the filter leaves over, and the rest below.
    const columns = width - (output[1] - 1) * strides[1]
    const attributes = { strides: [1, 1], dilations: strides, pads: [0, 0, kernel[0] - strides[0], 0], group: channels }
    if (kernel[0] < strides[0]) return undefined
    const cells = builder.value(blockedConv, [pictures, filter], attributes, { dtype: x.dtype, shape: [1, channels, kernel[0], columns] })
    const plain = builder.value(outOfBlocks, [cells], { channels }, cells)
    const shape = [1, channels, kernel[0], kernel[1]]
    const cut =
      columns === kernel[1]
        ? plain
        : builder.value('Slice', [plain, list([0]), list([kernel[1]]), list([3])], {}, { dtype: x.dtype, shape })
    return reshape(builder, cut, node.outputs[0].shape)
  }

/** `[batch, channels, height, width]` → the same in blocks, padded and one picture below the other: `[1, channels, batch · rows, columns]`. */
function below(builder: Builder, x: Value, block: number, [top, left, bottom, right]: readonly number[]): Value {
  const [batch, channels, height, width] = x.shape
  const { dtype } = x
  const apart = [batch, Number(channels) / block, height, width, block]
  const blocked = reshape(builder, builder.value(intoBlocks, [x], {}, x), apart)
  const [rows, columns] = [Number(height) + top + bottom, Number(width) + left + right]
  const pads = list([0, 0, top, left, 0, 0, 0, bottom, right, 0])
  const shape = [batch, apart[1], rows, columns, block]
  const padded = [top, left, bottom, right].every((pad) => pad === 0)
    ? blocked
    : builder.value('Pad', [blocked, pads, zero], { mode: 'constant' }, { dtype, shape })
  return reshape(builder, transpose(builder, padded, [1, 0, 2, 3, 4]), [1, channels, product([batch, rows]), columns])
}
