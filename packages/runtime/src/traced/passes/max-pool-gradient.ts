import { product, type Size } from '../dynamic/size.js'
import type { Attributes, Node, Value } from '../graph.js'
import { fill, list } from './constants.js'
import type { Builder, Rule } from './rewrite.js'

/**
 * Recorded for the gradient of max pooling, and put in other operators by one of the rules below.
 * Inputs: pictures and the gradient of the output, channels first. Attributes: those of MaxPool. Output: like the pictures.
 */
export const maxPoolGradient = 'ms::MaxPoolGradient'

const reshape = (builder: Builder, x: Value, shape: readonly Size[]): Value =>
  builder.value('Reshape', [x, list(shape)], {}, { dtype: x.dtype, shape })

/** The largest values, as in the forward pass, and their places. */
const pooled = (builder: Builder, x: Value, { shape }: Value, attributes: Attributes): readonly Value[] =>
  builder.node('MaxPool', [x], attributes, [{ dtype: x.dtype, shape }, { dtype: 'int64', shape }]).outputs // biome-ignore format: a pair

const padsOf = ({ attributes }: Node) => attributes['pads'] as readonly number[]

/** Each window's gradient is added at the place of its largest value, which MaxPool names by its number in the whole tensor. */
export const maxPoolGradientByIndices: Rule = ({ op, attributes, outputs: [output] }, [x, dy], builder) => {
  if (op !== maxPoolGradient) return undefined
  const [, indices] = pooled(builder, x, dy, attributes)
  const zeros = fill(0, [product(x.shape)])
  const flat = (value: Value) => reshape(builder, value, [product(value.shape)])
  const sums = builder.value('ScatterElements', [zeros, flat(indices), flat(dy)], { axis: 0, reduction: 'add' }, zeros)
  return reshape(builder, sums, output.shape)
}

/** Less than every number of a picture. */
const lowest = -3.4e38

/**
 * For each cell of the window: where what lies under it is the largest, and no cell before it was, it gets the gradient. Longer,
 * and of operators that every device has.
 */
export const maxPoolGradientByComparison: Rule = (node, [x, dy], builder) => {
  if (node.op !== maxPoolGradient) return undefined
  const [kernel, strides] = [node.attributes['kernel_shape'], node.attributes['strides']] as (readonly number[])[]
  const [top, left, bottom, right] = padsOf(node)
  const sizes = [x.shape[2], x.shape[3], dy.shape[2], dy.shape[3]]
  if (!sizes.every((size) => typeof size === 'number')) return undefined
  const [height, width, rows, columns] = sizes.map(Number)
  const [batch, channels] = x.shape
  const { dtype } = x
  const value = (op: string, operands: readonly Value[], like: Value, attributes = {}) => builder.value(op, operands, attributes, like)
  const pad = (picture: Value, around: readonly number[], size: readonly Size[], filling: number) =>
    builder.value('Pad', [picture, list(around), fill(filling)], { mode: 'constant' }, { dtype, shape: size })

  const [tall, wide] = [height + top + bottom, width + left + right]
  const pictures = pad(x, [0, 0, top, left, 0, 0, bottom, right], [batch, channels, tall, wide], lowest)
  const [largest] = pooled(builder, x, dy, node.attributes)
  const decided = { ...dy, dtype: 'bool' } as Value

  /** The gradients of one cell, at the places it stood at. */
  const placed = (slopes: Value, row: number, column: number): Value => {
    const apart = reshape(builder, slopes, [batch, channels, rows, 1, columns, 1])
    const spread = [batch, channels, rows, strides[0], columns, strides[1]]
    const zeros = pad(apart, [0, 0, 0, 0, 0, 0, 0, 0, 0, strides[0] - 1, 0, strides[1] - 1], spread, 0)
    const [down, across] = [rows * strides[0], columns * strides[1]]
    const map = reshape(builder, zeros, [batch, channels, down, across])
    // Negative amounts cut off what the last zeros are too many.
    return pad(map, [0, 0, row, column, 0, 0, tall - down - row, wide - across - column], [batch, channels, tall, wide], 0)
  }

  let taken: Value | undefined
  let sum: Value | undefined
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const end = [row + (rows - 1) * strides[0] + 1, column + (columns - 1) * strides[1] + 1]
      const positions = [[row, column], end, [2, 3], strides].map(list)
      const cell = builder.value('Slice', [pictures, ...positions], {}, { dtype, shape: dy.shape })
      const equal = value('Equal', [cell, largest], decided)
      const first = taken ? value('And', [equal, value('Not', [taken], decided)], decided) : equal
      taken = taken ? value('Or', [taken, equal], decided) : equal
      const slopes = value('Mul', [dy, value('Cast', [first], dy, { to: 1 })], dy)
      const part = placed(slopes, row, column)
      sum = sum ? value('Add', [sum, part], part) : part
    }
  }
  if (!sum) return undefined
  const inside = [list([top, left]), list([top + height, left + width]), list([2, 3])]
  return value('Slice', [sum, ...inside], x)
}
