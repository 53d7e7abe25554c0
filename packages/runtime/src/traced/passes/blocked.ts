import { type Size, sameShape } from '../dynamic/size.js'
import { type Attributes, fillOf, type Graph, type Value } from '../graph.js'
import { blockedConv, intoBlocks, outOfBlocks } from './blocked-operators.js'
import { eachElement } from './channels-first.js'
import { fill, list } from './constants.js'
import { blockedDepthwiseFilterGradient } from './depthwise-filter-gradient.js'
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

  const transpose = (builder: Builder, value: Value, perm: readonly number[]) =>
    builder.value('Transpose', [value], { perm }, { dtype: value.dtype, shape: perm.map((axis) => value.shape[axis]) })

  /**
   * `[out, in, height, width]` → `[out / block, in / block, height, width, block of in, block of out]`. Reordering into blocks
   * is the quickest transposition there is, so as much as possible is left to it.
   */
  const filterInBlocks = (builder: Builder, filter: Value): Value => {
    const [out, depth, height, width] = filter.shape.map(Number)
    const cells = height * width
    const blocks = (value: Value, shape: readonly number[]) => {
      const pictures = reshape(builder, value, shape)
      return builder.value(intoBlocks, [pictures], {}, pictures)
    }
    // Now block of out is the last axis.
    const outLast = blocks(filter, [1, out, 1, depth * cells])
    if (depth % block !== 0 || cells === 1) return reshape(builder, outLast, filter.shape)
    const apart = reshape(builder, outLast, [out / block, depth / block, block, cells, block])
    return reshape(builder, transpose(builder, apart, [0, 1, 3, 2, 4]), filter.shape)
  }

  /** The same for a filter whose inputs and outputs are exchanged, and which may be turned: what the gradient of the pictures takes. */
  const exchangedFilterInBlocks = (builder: Builder, filter: Value): Value | undefined => {
    const exchanged = filter.kind === 'result' && filter.node.op === 'Transpose' ? filter.node : undefined
    if (!exchanged || String(exchanged.attributes['perm']) !== '1,0,2,3') return undefined
    const [before] = exchanged.inputs
    const turned = before.kind === 'result' && before.node.op === 'Slice' ? before.node : undefined
    const source = turned ? turned.inputs[0] : before
    const [depth, out, height, width] = source.shape.map(Number)
    if (!sameShape(source.shape, before.shape) || depth % block !== 0 || out % block !== 0) return undefined
    const cells = height * width
    if (cells === 1) {
      const rows = reshape(builder, source, [1, depth, 1, out])
      return reshape(
        builder,
        builder.value(intoBlocks, [rows], { channels_last: 1 }, { dtype: rows.dtype, shape: [1, out, depth, 1] }),
        filter.shape,
      )
    }
    const pictures = reshape(builder, source, [depth, out, 1, cells])
    const outLast = builder.value(intoBlocks, [pictures], {}, pictures)
    const apart = reshape(builder, outLast, [depth / block, block, out / block, cells, block])
    const ordered = reshape(builder, transpose(builder, apart, [2, 0, 3, 1, 4]), [out / block, depth / block, height, width, block * block])
    // The axes of the cells are still the third and the fourth, so they are turned as they were.
    const right = turned ? builder.value('Slice', [ordered, ...turned.inputs.slice(1)], turned.attributes, ordered) : ordered
    return reshape(builder, right, filter.shape)
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
    const ordered = exchangedFilterInBlocks(builder, filter) ?? filterInBlocks(builder, filter)
    const operands = [pictures, ordered, ...bias]
    return outOf(builder, builder.value(blockedConv, operands, attributes, output))
  }

  /** Zeros between the places of a blocked map: `[batch, channels, height · vertical, width · horizontal]`. */
  const spread = (builder: Builder, value: Value, [vertical, horizontal]: readonly number[]): Value => {
    const [batch, channels, height, width] = value.shape
    const { dtype } = value
    const [rows, columns] = [(Number(channels) / block) * Number(height), Number(width)]
    const apart = reshape(builder, value, [batch, rows, 1, columns, block])
    const pads = list([0, 0, 0, 0, 0, 0, 0, vertical - 1, 0, (horizontal - 1) * block])
    const shape = [batch, rows, vertical, columns, horizontal * block]
    const padded = builder.value('Pad', [apart, pads, fill(0, [], dtype)], { mode: 'constant' }, { dtype, shape })
    return reshape(builder, padded, [batch, channels, Number(height) * vertical, columns * horizontal])
  }

  /** With a stride, the gradient of the pictures: of a depthwise convolution, and of one that looks at one place only. */
  const stridedGradient: Rule = ({ op, attributes, outputs: [output] }, [slopes, filter], builder) => {
    if (op !== 'ConvTranspose') return undefined
    const of = (name: string) => attributes[name] as readonly number[] | undefined
    const [kernel, strides, dilations, pads] = [of('kernel_shape'), of('strides'), of('dilations'), of('pads')]
    const [height, width, rows, columns] = [output.shape[2], output.shape[3], slopes.shape[2], slopes.shape[3]].map(Number)
    if (!kernel || !strides || !pads || dilations?.some((one) => one !== 1) || ![height, width, rows, columns].every(Number.isInteger))
      return undefined
    const source = into(builder, slopes)
    const [depth, out] = filter.shape.map(Number)
    const groups = Number(attributes['group'] ?? 1)
    if (!source || !whole(depth)) return undefined
    if (groups === 1) {
      const fits =
        kernel.every((size) => size === 1) &&
        whole(out) &&
        pads.every((pad) => pad === 0) &&
        rows * strides[0] === height &&
        columns * strides[1] === width
      if (!fits) return undefined
      const ordered = exchangedFilterInBlocks(builder, transpose(builder, filter, [1, 0, 2, 3]))
      if (!ordered) return undefined
      const shape = [output.shape[0], out, rows, columns]
      const small = builder.value(blockedConv, [source, ordered], { kernel_shape: kernel }, { dtype: output.dtype, shape })
      return outOf(builder, spread(builder, small, strides))
    }
    if (out !== 1 || depth !== groups) return undefined
    const before = [0, 1].map((axis) => kernel[axis] - 1 - pads[axis])
    const after = [height - rows * strides[0] + pads[0], width - columns * strides[1] + pads[1]]
    if ([...before, ...after].some((pad) => pad < 0)) return undefined
    const positions = [list([-1, -1]), list([-(2 ** 31), -(2 ** 31)]), list([2, 3]), list([-1, -1])]
    const turned = builder.value('Slice', [filter, ...positions], {}, filter)
    const operands = [spread(builder, source, strides), filterInBlocks(builder, turned)]
    return outOf(
      builder,
      builder.value(blockedConv, operands, { kernel_shape: kernel, pads: [...before, ...after], group: groups }, output),
    )
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
    const ones = fill(1, [Number(x.shape[1])])
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
    const small = fill(typeof epsilon === 'object' && 'float' in epsilon ? epsilon.float : 1e-5)
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

  return [
    backAndForth,
    blockedDepthwiseFilterGradient(block),
    convolution,
    stridedGradient,
    elementwise,
    batchNorm,
    reduction,
    concat,
    channelsLast,
  ]
}
