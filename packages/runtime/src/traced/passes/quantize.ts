import { MsError } from '@ms/core'
import { fixedShape } from '../dynamic/size.js'
import type { Graph, Node, Value, WeightValue } from '../graph.js'
import { array } from './constants.js'
import type { InputRange, InputRanges, ObservedProduct } from './input-ranges.js'
import { type Int8Matrix, int8Columns, int8Rows, transposed } from './int8-matrix.js'
import { calibrate, int8Weights, type MakeProduct, productByColumns, productByRows, productOfBytes } from './int8-product.js'
import { removeDeadCode } from './remove-dead-code.js'
import { type Builder, type Rule, rewrite } from './rewrite.js'

/** The numbers of a weight, by its name. */
export type ReadWeight = (name: string) => Float32Array

/** The largest magnitude of an entry of a table, of a filter. */
const largestEntry = 127

/** Smaller matrices and tables stay as they are: there is nothing to gain. */
const smallestMatrix = 4096
const smallestTable = 2 ** 18

/**
 * The graph with eight-bit weights, for ONNX Runtime.
 *
 * - A product with a matrix of weights (`Gemm`) becomes one of whole numbers: weights with a scale for each column. Where it is known what the
 *   matrix is multiplied with, that has a scale for each of **its columns**, fixed once and for all; else one for each **row**, found as it
 *   comes, which takes longer. A scale for all rows of a batch together, as is usual, lets one token's outlier spoil the others, and
 *   makes a text's vector depend on its neighbours.
 * - A table that rows are gathered from is kept in eight bits with a scale for each row.
 * - Filters of convolutions are kept in eight bits with a scale for each of their outputs, and are float32 again once the graph is loaded: a
 *   quarter of the size, computed as before. ONNX Runtime's convolutions of whole numbers want scales found beforehand on sample pictures.
 * - In a network with more convolutions than products, the products' matrices are kept so, too: its time is the convolutions', and a product
 *   of a head at its end would lose what it makes of small differences.
 *
 * Everything else (attention, normalisations, activations) stays in float32.
 *
 * @param ranges of what matrices are multiplied with, as far as they are known
 * @throws `onnx.nothing-to-quantize`
 */
export function quantize(graph: Graph, weight: ReadWeight, ranges: InputRanges = new Map()): Graph {
  const ofProducts = isConvolutional(graph) ? matrixRule(weight) : productRule(weight, ranges)
  const quantized = removeDeadCode(rewrite(graph, [ofProducts, lookupRule(weight), filterRule(weight)]))
  if (quantized.nodes.some(({ op }) => op === productOfBytes) || holdsInt8(quantized)) return quantized
  throw new MsError('onnx.nothing-to-quantize', 'there is no product with a large matrix of weights, no large table and no large filter', {
    advice: 'Export it without quantising.',
  })
}

/** The products that `quantize` wants to know the ranges for. */
export const productsToObserve = (graph: Graph): ObservedProduct[] =>
  isConvolutional(graph) ? [] : graph.nodes.flatMap((node) => productOf(node) ?? [])

function isConvolutional({ nodes }: Graph): boolean {
  const convolutions = nodes.filter(({ inputs }) => inputs.some((input) => isFilter(input) && filterSizes(input))).length
  return convolutions > nodes.filter(({ op }) => op === 'Gemm').length
}

const holdsInt8 = ({ nodes }: Graph) =>
  nodes.some(({ inputs }) => inputs.some(({ kind, dtype }) => kind === 'constant' && dtype === 'int8'))

/** `Gemm(x, weights, bias)`, where x is computed. */
function productRule(weight: ReadWeight, ranges: InputRanges): Rule {
  const known = remembered<MakeProduct>()
  return (node, [x, , bias], builder) => {
    const product = productOf(node)
    if (!product) return undefined
    const make = known(product.matrix, () => {
      const numbers = weight(product.matrix)
      const weights = { ...product, matrix: product.turned ? transposed(numbers, [product.down, product.across]) : numbers }
      const range = ranges.get(product.matrix)
      return range && isBounded(range) ? productByColumns(calibrate(weights, range)) : productByRows(int8Weights(weights))
    })
    return make({ x, bias }, node.outputs[0], builder)
  }
}

const isBounded = ({ low, high }: InputRange) => [low, high].every((ends) => ends.every(Number.isFinite))

/** A product with a large matrix of weights, where what is multiplied is computed. */
function productOf({ op, attributes, inputs: [x, matrix] }: Node) {
  if (op !== 'Gemm' || attributes['transA'] || matrix.kind !== 'weight' || x.kind !== 'result') return undefined
  const sizes = sizesOf(matrix, smallestMatrix)
  const turned = Boolean(attributes['transB'])
  if (!sizes) return undefined
  const [across, down] = turned ? [sizes[1], sizes[0]] : sizes
  return { x, matrix: matrix.name, turned, across, down }
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
