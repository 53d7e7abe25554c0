import type { Size } from '../dynamic/size.js'
import { fillOf, type Value } from '../graph.js'
import { fill, list } from './constants.js'
import type { Builder, Rule } from './rewrite.js'

/*
 * TensorFlow.js has pictures channels last, ONNX's convolutions have them first, so a recording is full of transpositions.
 * These rules move each `Transpose` to channels last behind what reads it, so that it meets the next one to channels first and
 * both vanish. An operator is moved only where at least one of its operands has channels first already.
 */

const toLast = [0, 2, 3, 1]
const toFirst = [0, 3, 1, 2]
/** Axis of a picture channels last → axis channels first. */
const axisFirst = [0, 2, 3, 1]

const isTransposed = (value: Value, perm: readonly number[]): boolean =>
  value.kind === 'result' && value.node.op === 'Transpose' && String(value.node.attributes['perm']) === String(perm)

/** What has channels first before it is transposed. */
const firstOf = (value: Value): Value | undefined =>
  value.kind === 'result' && isTransposed(value, toLast) ? value.node.inputs[0] : undefined

const shapeFirst = <S>([batch, height, width, channels]: readonly S[]): S[] => [batch, channels, height, width]
const shapeLast = <S>([batch, channels, height, width]: readonly S[]): S[] => [batch, height, width, channels]

const isOne = (size: Size | undefined) => size === 1

const listOf = (value: Value | undefined): readonly Size[] | undefined =>
  value?.kind === 'constant' && value.content.form === 'list' ? value.content.values : undefined

const last = (builder: Builder, value: Value): Value =>
  builder.value('Transpose', [value], { perm: toLast }, { dtype: value.dtype, shape: shapeLast(value.shape) })

/** The same numbers channels first: for any operand that broadcasts over `[batch, height, width, channels]`. */
function first(builder: Builder, value: Value): Value {
  const known = firstOf(value)
  if (known) return known
  const { shape, dtype } = value
  if (shape.length === 0) return value
  const full = [...Array<Size>(4 - shape.length).fill(1), ...shape]
  const wanted = shapeFirst(full)
  const filled = fillOf(value)
  if (filled !== undefined) return fill(filled, wanted, dtype)
  if (value.kind === 'result' && value.node.op === 'Expand' && shape.length === 4) {
    return builder.value('Expand', [first(builder, value.node.inputs[0]), list(wanted)], {}, { dtype, shape: wanted })
  }
  // Moving an axis past axes of size 1 changes no order.
  const inOrder = isOne(full[3]) || (isOne(full[1]) && isOne(full[2]))
  if (inOrder) return builder.value('Reshape', [value, list(wanted)], {}, { dtype, shape: wanted })
  const picture = shape.length === 4 ? value : builder.value('Reshape', [value, list(full)], {}, { dtype, shape: full })
  return builder.value('Transpose', [picture], { perm: toFirst }, { dtype, shape: wanted })
}

/** Operators that work on each element, of tensors that broadcast. */
export const eachElement: ReadonlySet<string> = new Set(
  (
    'Abs Add And Cast Ceil Clip Cos Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish LeakyRelu Less LessOrEqual Log Max Min ' +
    'Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Sqrt Sub Tanh Where Xor'
  ).split(' '),
)

/** Operators that work on each element. */
const elementwise: Rule = ({ op, attributes, outputs: [output] }, inputs, builder) => {
  if (!eachElement.has(op) || output.shape.length !== 4 || !inputs.some(firstOf)) return undefined
  const operands = inputs.map((input) => first(builder, input))
  return last(builder, builder.value(op, operands, attributes, { dtype: output.dtype, shape: shapeFirst(output.shape) }))
}

const reductions = new Set(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd'])

/** Sums and the like over axes, where the axes that remain keep their order. */
const reduction: Rule = ({ op, attributes, outputs: [output] }, [x, axes], builder) => {
  const source = reductions.has(op) ? firstOf(x) : undefined
  const over = listOf(axes)?.map((axis) => axisFirst[Number(axis)])
  if (!source || !over) return undefined
  const value = (shape: readonly Size[]) =>
    builder.value(op, [source, list([...over].sort((a, b) => a - b))], attributes, { dtype: output.dtype, shape })
  if (attributes['keepdims'] === 1) return last(builder, value(shapeFirst(output.shape)))
  const channelsRemain = !over.includes(1)
  const placesRemain = !over.includes(2) || !over.includes(3)
  return channelsRemain && placesRemain ? undefined : value(output.shape)
}

/** Pictures of one place, whose numbers lie in the same order either way. */
const reshapeOfOnePlace: Rule = ({ op, attributes, outputs: [output] }, [x, shape], builder) => {
  const source = op === 'Reshape' ? firstOf(x) : undefined
  if (!source) return undefined
  const onePlace = isOne(source.shape[2]) && isOne(source.shape[3])
  return onePlace || isOne(source.shape[1]) ? builder.value(op, [source, shape], attributes, output) : undefined
}

/** A transposition of what was only broadcast, or of a picture of one place. */
const transposeOfBroadcast: Rule = ({ op, attributes }, [x], builder) => {
  if (op !== 'Transpose' || String(attributes['perm']) !== String(toFirst) || firstOf(x)) return undefined
  const broadcast = x.kind === 'result' && x.node.op === 'Expand' && x.node.inputs[0].shape.length === 4
  const onePlace = isOne(x.shape[3]) || (isOne(x.shape[1]) && isOne(x.shape[2]))
  return broadcast || onePlace ? first(builder, x) : undefined
}

const pad: Rule = ({ op, attributes, outputs: [output] }, [x, pads, ...rest], builder) => {
  const source = op === 'Pad' ? firstOf(x) : undefined
  const amounts = listOf(pads)
  if (!source || !amounts) return undefined
  const moved = list([...shapeFirst(amounts.slice(0, 4)), ...shapeFirst(amounts.slice(4))])
  return last(builder, builder.value(op, [source, moved, ...rest], attributes, { dtype: output.dtype, shape: shapeFirst(output.shape) }))
}

const slice: Rule = ({ op, attributes, outputs: [output] }, [x, begin, end, axes, ...rest], builder) => {
  const source = op === 'Slice' ? firstOf(x) : undefined
  const over = listOf(axes)
  if (!source || !over) return undefined
  const moved = list(over.map((axis) => axisFirst[Number(axis)]))
  const operands = [source, begin, end, moved, ...rest]
  return last(builder, builder.value(op, operands, attributes, { dtype: output.dtype, shape: shapeFirst(output.shape) }))
}

const concat: Rule = ({ op, attributes, outputs: [output] }, inputs, builder) => {
  if (op !== 'Concat' || output.shape.length !== 4 || !inputs.some(firstOf)) return undefined
  const axis = axisFirst[Number(attributes['axis'])]
  const parts = inputs.map((input) => first(builder, input))
  return last(builder, builder.value(op, parts, { axis }, { dtype: output.dtype, shape: shapeFirst(output.shape) }))
}

export const channelsFirst: readonly Rule[] = [elementwise, reduction, reshapeOfOnePlace, transposeOfBroadcast, pad, slice, concat]
