import { type Size, sameShape } from '../dynamic/size.js'
import { type Attributes, fillOf, type Graph, type Value } from '../graph.js'
import { eachElement } from './channels-first.js'
import { removeDeadCode } from './remove-dead-code.js'
import { type Builder, type Rule, rewrite } from './rewrite.js'

/*
 * ONNX Runtime's quickest convolutions work on channels in blocks of as many as a vector register holds:
 * `[batch, channels / block, height, width, block]`. It uses them by itself only where filters are constants, so not in a
 * training step. Here they are used everywhere: a convolution becomes its blocked form between two operators that reorder
 * its input and output, and these are moved until they meet and vanish, as transpositions are in channels-first.ts.
 * The operators are internal to ONNX Runtime: whoever applies this pass has tried them (see node/block-size.ts).
 *
 * A blocked tensor keeps the shape `[batch, channels, height, width]`.
 */

const domain = 'com.microsoft.nchwc'
export const blockedConv = `${domain}::Conv`
export const intoBlocks = `${domain}::ReorderInput`
const outOfBlocks = `${domain}::ReorderOutput`

/** The graph with blocked convolutions. @param block channels in a block */
export function blockChannels(graph: Graph, block: number): Graph {
  const blocked = removeDeadCode(rewrite(graph, rulesFor(block)))
  // Only floating-point numbers can be reordered. What compares them hardly ever leaves the blocks.
  const broken = blocked.nodes.some(({ op, outputs: [{ dtype }] }) => op === outOfBlocks && dtype !== 'float32')
  return broken ? graph : blocked
}

/** What is in blocks before it is reordered. */
const sourceOf = (value: Value): Value | undefined =>
  value.kind === 'result' && value.node.op === outOfBlocks && !value.node.attributes['channels_last'] ? value.node.inputs[0] : undefined

const list = (values: readonly Size[]): Value => ({
  kind: 'constant',
  dtype: 'int64',
  shape: [values.length],
  content: { form: 'list', values },
})

const reshape = (builder: Builder, value: Value, shape: readonly Size[]): Value =>
  sameShape(value.shape, shape) ? value : builder.value('Reshape', [value, list(shape)], {}, { dtype: value.dtype, shape })

const outOf = (builder: Builder, value: Value): Value =>
  builder.value(outOfBlocks, [value], { channels: Number(value.shape[1]) }, { dtype: value.dtype, shape: value.shape })

function rulesFor(block: number): readonly Rule[] {
  const whole = (size: Size | undefined): size is number => typeof size === 'number' && size > 0 && size % block === 0

  const into = (builder: Builder, value: Value): Value | undefined => {
    const known = sourceOf(value)
    if (known) return known
    if (value.dtype !== 'float32' || value.shape.length !== 4 || !whole(value.shape[1])) return undefined
    return builder.value(intoBlocks, [value], {}, { dtype: value.dtype, shape: value.shape })
  }

  /** `[out, in, height, width]` → `[out / block, in / block, height, width, block of in, block of out]`, in one transposition. */
  const filterInBlocks = (builder: Builder, filter: Value): Value => {
    const [out, depth, height, width] = filter.shape.map(Number)
    const { dtype } = filter
    const ordered = (source: Value, parts: readonly number[], perm: readonly number[]) => {
      const apart = reshape(builder, source, parts)
      const shape = perm.map((axis) => parts[axis])
      return reshape(builder, builder.value('Transpose', [apart], { perm }, { dtype, shape }), filter.shape)
    }
    if (depth % block !== 0) return ordered(filter, [out / block, block, depth, height, width], [0, 2, 3, 4, 1])
    const { node } = filter.kind === 'result' ? filter : { node: undefined }
    if (node?.op === 'Transpose' && String(node.attributes['perm']) === '1,0,2,3') {
      return ordered(node.inputs[0], [depth / block, block, out / block, block, height, width], [2, 0, 4, 5, 1, 3])
    }
    return ordered(filter, [out / block, block, depth / block, block, height, width], [0, 2, 4, 5, 3, 1])
  }

  const convolution: Rule = ({ op, attributes, outputs: [output] }, [x, filter, ...bias], builder) => {
    if (op !== 'Conv' || filter.shape.some((size) => typeof size !== 'number')) return undefined
    const [out, depth] = filter.shape.map(Number)
    const groups = Number(attributes['group'] ?? 1)
    // In groups, each has to be whole blocks; or each is one channel.
    const depthwise = groups > 1 && depth === 1 && out === groups
    const fits = depthwise ? whole(out) : whole(out / groups) && (whole(depth) || (groups === 1 && depth < block))
    if (!fits) return undefined
    const pictures = groups === 1 && depth < block ? x : into(builder, x)
    if (!pictures) return undefined
    const operands = [pictures, filterInBlocks(builder, filter), ...bias]
    return outOf(builder, builder.value(blockedConv, operands, attributes, output))
  }

  /** A number for each channel, of every picture or the same for all. */
  const isVector = ({ shape }: Value) =>
    (shape.length === 3 || shape.length === 4) && shape.at(-1) === 1 && shape.at(-2) === 1 && whole(shape.at(-3))

  const isScalar = (value: Value) => value.shape.every((size) => size === 1)

  /** x · factor + shift for each channel: a depthwise convolution of one place. */
  const affine = (builder: Builder, x: Value, factor: Value, shift?: Value): Value => {
    const channels = Number(x.shape[1])
    const operands = [x, reshape(builder, factor, [channels, 1, 1, 1]), ...(shift ? [reshape(builder, shift, [channels])] : [])]
    return builder.value(blockedConv, operands, { kernel_shape: [1, 1], group: channels }, x)
  }

  const perChannel = (op: string, x: Value, vector: Value, left: boolean, builder: Builder): Value | undefined => {
    if (vector.shape.length === 4 && vector.shape[0] !== 1) return undefined
    const ones: Value = { kind: 'constant', dtype: 'float32', shape: [Number(x.shape[1])], content: { form: 'fill', value: 1 } }
    if (op === 'Mul') return affine(builder, x, vector)
    if (op === 'Add') return affine(builder, x, ones, vector)
    if (op === 'Sub' && left) return affine(builder, x, ones, builder.value('Neg', [vector], {}, vector))
    return undefined
  }

  const elementwise: Rule = ({ op, attributes, outputs: [output] }, inputs, builder) => {
    if (!eachElement.has(op) || output.shape.length !== 4 || !inputs.some(sourceOf) || !whole(output.shape[1])) return undefined
    const operands = inputs.map((input) => {
      if (isScalar(input) || isVector(input)) return input
      if (fillOf(input) !== undefined && sameShape(input.shape, output.shape)) return input
      return sameShape(input.shape, output.shape) ? into(builder, input) : undefined
    })
    const given = operands.filter((operand) => operand !== undefined)
    if (given.length < operands.length) return undefined
    const vectorAt = given.findIndex((operand) => isVector(operand) && !isScalar(operand))
    if (vectorAt < 0) return outOf(builder, builder.value(op, given, attributes, output))
    if (given.length === 2) {
      const made = perChannel(op, given[1 - vectorAt], given[vectorAt], vectorAt === 1, builder)
      if (made) return outOf(builder, made)
    }
    return outOf(builder, inFiveAxes(builder, op, given, attributes, output))
  }

  /** Channels and block as two axes, over which vectors broadcast. */
  const inFiveAxes = (builder: Builder, op: string, operands: readonly Value[], attributes: Attributes, output: Value): Value => {
    const apart = ([batch, channels, height, width]: readonly Size[]) => [batch, Number(channels) / block, height, width, block]
    const split = operands.map((operand) =>
      isScalar(operand) ? operand : reshape(builder, operand, apart(operand.shape.length === 3 ? [1, ...operand.shape] : operand.shape)),
    )
    const value = builder.value(op, split, attributes, { dtype: output.dtype, shape: apart(output.shape) })
    return reshape(builder, value, output.shape)
  }

  const batchNorm: Rule = ({ op, attributes, outputs: [output] }, [x, scale, offset, mean, variance], builder) => {
    const source = op === 'BatchNormalization' ? sourceOf(x) : undefined
    if (!source) return undefined
    const epsilon = attributes['epsilon']
    const small: Value = {
      kind: 'constant',
      dtype: 'float32',
      shape: [],
      content: { form: 'fill', value: typeof epsilon === 'object' && 'float' in epsilon ? epsilon.float : 1e-5 },
    }
    const value = (name: string, ...operands: Value[]) => builder.value(name, operands, {}, scale)
    const factor = value('Div', scale, value('Sqrt', value('Add', variance, small)))
    return outOf(
      builder,
      builder.value('Identity', [affine(builder, source, factor, value('Sub', offset, value('Mul', mean, factor)))], {}, output),
    )
  }

  /** Over the places of each channel, and perhaps over pictures. */
  const reduction: Rule = ({ op, attributes, outputs: [output] }, [x, axes], builder) => {
    const source = op === 'ReduceSum' || op === 'ReduceMean' ? sourceOf(x) : undefined
    if (!source || axes.kind !== 'constant' || axes.content.form !== 'list') return undefined
    const over = axes.content.values.join()
    const [batch, channels, height, width] = source.shape
    if ((over !== '2,3' && over !== '0,2,3') || typeof height !== 'number' || typeof width !== 'number') return undefined
    const places = reshape(builder, source, [batch, Number(channels) / block, height * width, block])
    const reduce = (value: Value, axis: number, shape: readonly Size[]) =>
      builder.value(op, [value, list([axis])], { ...attributes, keepdims: 0 }, { dtype: output.dtype, shape })
    const each = reshape(builder, reduce(places, 2, [batch, Number(channels) / block, block]), [batch, channels])
    return reshape(builder, over === '2,3' ? each : reduce(each, 0, [channels]), output.shape)
  }

  const concat: Rule = ({ op, attributes, outputs: [output] }, inputs, builder) => {
    if (op !== 'Concat' || attributes['axis'] !== 1 || output.shape.length !== 4 || !inputs.some(sourceOf)) return undefined
    if (!inputs.every(({ shape, dtype }) => whole(shape[1]) && dtype === 'float32')) return undefined
    const parts = inputs.flatMap((input) => into(builder, input) ?? [])
    return outOf(builder, builder.value(op, parts, attributes, output))
  }

  /** Out of blocks with channels last at once. */
  const channelsLast: Rule = ({ op, attributes, outputs: [output] }, [x], builder) => {
    const source = op === 'Transpose' && String(attributes['perm']) === '0,2,3,1' ? sourceOf(x) : undefined
    if (!source) return undefined
    return builder.value(outOfBlocks, [source], { channels: Number(source.shape[1]), channels_last: 1 }, output)
  }

  const backAndForth: Rule = ({ op }, [x]) => (op === intoBlocks ? sourceOf(x) : undefined)

  return [backAndForth, convolution, elementwise, batchNorm, reduction, concat, channelsLast]
}
