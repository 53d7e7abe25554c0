import { MsError } from '@ms/core'
import { fixedShape, type Shape } from '../dynamic/size.js'
import type { ConstantValue, Graph, Value, WeightValue } from '../graph.js'
import { type Int8Matrix, int8Columns, int8Rows, transposed } from './int8-matrix.js'
import { removeDeadCode } from './remove-dead-code.js'
import { type Builder, type Rule, rewrite } from './rewrite.js'

/** The numbers of a weight, by its name. */
export type ReadWeight = (name: string) => Float32Array

/** An operator of ONNX Runtime's own: a product of bytes, multiplied by the scales of both sides. */
const product = 'com.microsoft::MatMulIntegerToFloat'

/**
 * The largest magnitude of a weight in a product, of a table's entry. Processors without VNNI add two products of bytes up in sixteen bits, and
 * what does not fit is cut off: 2 · 255 · 63 fits, 2 · 255 · 127 does not.
 */
const [largestWeight, largestEntry] = [63, 127]

/** Smaller matrices and tables stay as they are: there is nothing to gain. */
const smallestMatrix = 4096
const smallestTable = 2 ** 18

/**
 * The graph with eight-bit weights, for ONNX Runtime.
 *
 * - A product with a matrix of weights (`Gemm`) becomes one of whole numbers: weights with a scale for each column, and what is
 *   multiplied with a scale for each **row**, found as it comes. A scale for all rows of a batch together, as is usual, lets one
 *   token's outlier spoil the others, and makes a text's vector depend on its neighbours; a row's own does neither, and needs no
 *   sample of texts beforehand.
 * - A table that rows are gathered from is kept in eight bits with a scale for each row.
 * - Filters of convolutions are kept in eight bits with a scale for each of their outputs, and are float32 again once the graph is loaded: a
 *   quarter of the size, computed as before. ONNX Runtime's convolutions of whole numbers want scales found beforehand on sample pictures.
 * - In a network with more convolutions than products, the products' matrices are kept so, too: its time is the convolutions', and a product
 *   of a head at its end would lose what it makes of small differences.
 *
 * Everything else (attention, normalisations, activations) stays in float32.
 *
 * @throws `onnx.nothing-to-quantize`
 */
export function quantize(graph: Graph, weight: ReadWeight): Graph {
  const convolutions = graph.nodes.filter(({ inputs }) => inputs.some((input) => isFilter(input) && filterSizes(input))).length
  const products = graph.nodes.filter(({ op }) => op === 'Gemm').length
  const ofProducts = convolutions > products ? matrixRule(weight) : productRule(weight)
  const quantized = removeDeadCode(rewrite(graph, [ofProducts, lookupRule(weight), filterRule(weight)]))
  if (quantized.nodes.some(({ op }) => op === product) || holdsInt8(quantized)) return quantized
  throw new MsError('onnx.nothing-to-quantize', 'there is no product with a large matrix of weights, no large table and no large filter', {
    advice: 'Export it without quantising.',
  })
}

const holdsInt8 = ({ nodes }: Graph) =>
  nodes.some(({ inputs }) => inputs.some(({ kind, dtype }) => kind === 'constant' && dtype === 'int8'))

/** `Gemm(x, weights, bias)`, where x is computed. */
function productRule(weight: ReadWeight): Rule {
  const known = remembered<{ readonly matrix: Value; readonly scales: Value }>()
  return ({ op, attributes, outputs: [output] }, [x, matrix, bias], builder) => {
    if (op !== 'Gemm' || attributes['transA'] || matrix.kind !== 'weight' || x.kind !== 'result') return undefined
    const sizes = sizesOf(matrix, smallestMatrix)
    if (!sizes) return undefined
    const [across, down] = attributes['transB'] ? [sizes[1], sizes[0]] : sizes
    const weights = known(matrix.name, () => {
      const numbers = weight(matrix.name)
      const int8 = attributes['transB']
        ? transposed(int8Rows(numbers, sizes, largestWeight), sizes)
        : int8Columns(numbers, sizes, largestWeight)
      return { matrix: array('int8', int8.values, [across, down]), scales: array('float32', int8.scales, [down]) }
    })
    const { values, scales } = quantizedRows(x, builder)
    const bytes = builder.value(product, [values, weights.matrix, one, weights.scales, zeroPoint([])], {}, output)
    const column = builder.value('Reshape', [scales, ints([-1, 1])], {}, { dtype: 'float32', shape: [x.shape[0], 1] })
    const scaled = builder.value('Mul', [bytes, column], {}, output)
    return bias ? builder.value('Add', [scaled, bias], {}, output) : scaled
  }
}

/** `Gemm(x, weights, bias)`, whose weights are float32 again before they are used. */
function matrixRule(weight: ReadWeight): Rule {
  const known = remembered<{ readonly values: Value; readonly scales: Value }>()
  return ({ op, attributes, outputs: [output] }, inputs, builder) => {
    const [x, matrix, ...rest] = inputs
    const sizes = op === 'Gemm' && matrix.kind === 'weight' ? sizesOf(matrix, smallestMatrix) : undefined
    if (!sizes || matrix.kind !== 'weight') return undefined
    const int8 = known(matrix.name, () => {
      const [split, shape] = attributes['transB'] ? [int8Rows, [sizes[0], 1]] : [int8Columns, [1, sizes[1]]]
      const { values, scales } = split(weight(matrix.name), sizes, largestEntry)
      return { values: array('int8', values, sizes), scales: array('float32', scales, shape) }
    })
    return builder.value(op, [x, kept(int8, matrix, builder), ...rest], attributes, output)
  }
}

/** What is kept in eight bits, as numbers. */
function kept({ values, scales }: { readonly values: Value; readonly scales: Value }, like: Value, builder: Builder): Value {
  return builder.value('Mul', [builder.value('Cast', [values], { to: 1 }, like), scales], {}, like)
}

/** `[rows, width]` float32 → uint8 around 128, and `[rows]` scales. */
function quantizedRows(x: Value, builder: Builder): { values: Value; scales: Value } {
  const rows = { dtype: 'float32', shape: [x.shape[0]] } as const
  const magnitudes = builder.value('Abs', [x], {}, x)
  const largest = builder.value('ReduceMax', [magnitudes, ints([-1])], { keepdims: 0 }, rows)
  // A row of zeros must not be divided by zero.
  const scales = builder.value('Mul', [builder.value('Max', [largest, number(1e-20)], {}, rows), number(1 / 127)], {}, rows)
  const values = builder.value('QuantizeLinear', [x, scales, zeroPoint(rows.shape)], { axis: 0 }, { dtype: 'uint8', shape: x.shape })
  return { values, scales }
}

/** `Gather(table, ids)`. */
function lookupRule(weight: ReadWeight): Rule {
  const known = remembered<{ readonly table: Value; readonly scales: Value }>()
  return ({ op, attributes, outputs: [output] }, [table, ids], builder) => {
    if (op !== 'Gather' || attributes['axis'] !== 0 || table.kind !== 'weight') return undefined
    const sizes = sizesOf(table, smallestTable)
    if (!sizes) return undefined
    const int8 = known(table.name, () => {
      const { values, scales }: Int8Matrix = int8Rows(weight(table.name), sizes, largestEntry)
      return { table: array('int8', values, sizes), scales: array('float32', scales, [sizes[0], 1]) }
    })
    const row = { dtype: 'float32', shape: [...output.shape.slice(0, -1), 1] } as const
    const values = builder.value('Gather', [int8.table, ids], { axis: 0 }, { dtype: 'int8', shape: output.shape })
    const numbers = builder.value('Cast', [values], { to: 1 }, output)
    return builder.value('Mul', [numbers, builder.value('Gather', [int8.scales, ids], { axis: 0 }, row)], {}, output)
  }
}

/** Whatever reads the filters of a convolution, `[out, in / groups, height, width]`. */
function filterRule(weight: ReadWeight): Rule {
  const known = remembered<{ readonly values: Value; readonly scales: Value }>()
  return ({ op, attributes, outputs }, inputs, builder) => {
    const at = inputs.findIndex((input) => isFilter(input) && filterSizes(input) !== undefined)
    if (at < 0 || outputs.length !== 1) return undefined
    const filter = inputs[at] as WeightValue
    const sizes = filterSizes(filter) as readonly number[]
    const int8 = known(filter.name, () => {
      const { values, scales } = int8Rows(weight(filter.name), [sizes[0], sizes[1] * sizes[2] * sizes[3]], largestEntry)
      return { values: array('int8', values, sizes), scales: array('float32', scales, [sizes[0], 1, 1, 1]) }
    })
    return builder.value(op, inputs.with(at, kept(int8, filter, builder)), attributes, outputs[0])
  }
}

const isFilter = (value: Value): value is WeightValue => value.kind === 'weight' && value.shape.length === 4

function filterSizes({ shape }: Value): readonly number[] | undefined {
  const sizes = fixedShape(shape)
  return sizes && sizes.reduce((product, n) => product * n, 1) >= smallestMatrix ? sizes : undefined
}

/** Its two sizes, where it is a matrix of at least so many numbers. */
function sizesOf({ shape }: WeightValue, smallest: number): readonly number[] | undefined {
  const sizes = fixedShape(shape)
  return sizes?.length === 2 && sizes[0] * sizes[1] >= smallest ? sizes : undefined
}

/** A weight that is used in several places is quantised once. */
function remembered<T>(): (name: string, make: () => T) => T {
  const made = new Map<string, T>()
  return (name, make) => {
    const value = made.get(name) ?? make()
    made.set(name, value)
    return value
  }
}

const array = (dtype: 'int8' | 'float32', values: Int8Array | Float32Array, shape: readonly number[]): ConstantValue => ({
  kind: 'constant',
  dtype,
  shape,
  content: { form: 'array', values },
})

const number = (value: number): ConstantValue => ({
  kind: 'constant',
  dtype: 'float32',
  shape: [],
  content: { form: 'fill', value: Math.fround(value) },
})

const ints = (values: readonly number[]): ConstantValue => ({
  kind: 'constant',
  dtype: 'int64',
  shape: [values.length],
  content: { form: 'list', values },
})

const one = number(1)

/** What stands for 0 among unsigned bytes. */
const zeroPoint = (shape: Shape): ConstantValue => ({ kind: 'constant', dtype: 'uint8', shape, content: { form: 'fill', value: 128 } })
