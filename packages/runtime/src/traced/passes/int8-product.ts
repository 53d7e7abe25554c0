import type { ConstantValue, Value } from '../graph.js'
import { array, fill, list } from './constants.js'
import type { InputRange } from './input-ranges.js'
import { int8Columns } from './int8-matrix.js'
import type { Builder } from './rewrite.js'

/** An operator of ONNX Runtime's own: a product of bytes, multiplied by the scales of both sides, plus a bias. */
export const productOfBytes = 'com.microsoft::MatMulIntegerToFloat'

/**
 * The largest magnitude of a weight. Processors without VNNI add two products of bytes up in sixteen bits, and what does not fit is cut off:
 * 2 · 255 · 63 fits, 2 · 255 · 127 does not.
 */
const largestWeight = 63

/** What stands for 0 among unsigned bytes, where there are as many numbers on either side. */
const middle = 128

/** How far beyond what was seen in a column values may go before they are cut off. */
const margin = 1.15

/** Of a column that was nearly always zero, as a part of the largest. */
const leastMagnitude = 1e-4

/** What a matrix is multiplied with, `[rows, across]`, and what is added to the product. */
export interface Operands {
  readonly x: Value
  readonly bias?: Value
}

/** A matrix of float32, `[across, down]`. */
export interface Matrix {
  readonly matrix: Float32Array
  readonly across: number
  readonly down: number
}

/** A matrix in eight bits, with a scale for each of its columns. */
export interface Int8Weights {
  readonly matrix: ConstantValue
  readonly scales: ConstantValue
}

/** Puts nodes for `x · matrix + bias` into a graph. */
export type MakeProduct = (operands: Operands, output: Pick<Value, 'dtype' | 'shape'>, builder: Builder) => Value

/** The product with a scale for each row of x, found as it comes. */
export const productByRows =
  ({ matrix, scales: weightScales }: Int8Weights): MakeProduct =>
  ({ x, bias }, output, builder) => {
    const rows = { dtype: 'float32', shape: [x.shape[0]] } as const
    const magnitudes = builder.value('Abs', [x], {}, x)
    const largest = builder.value('ReduceMax', [magnitudes, list([-1])], { keepdims: 0 }, rows)
    // A row of zeros must not be divided by zero.
    const scales = builder.value('Mul', [builder.value('Max', [largest, fill(1e-20)], {}, rows), fill(1 / 127)], {}, rows)
    const zeros = fill(middle, rows.shape, 'uint8')
    const values = builder.value('QuantizeLinear', [x, scales, zeros], { axis: 0 }, { dtype: 'uint8', shape: x.shape })
    const bytes = builder.value(productOfBytes, [values, matrix, fill(1), weightScales, fill(middle, [], 'uint8')], {}, output)
    const column = builder.value('Reshape', [scales, list([-1, 1])], {}, { dtype: 'float32', shape: [x.shape[0], 1] })
    const scaled = builder.value('Mul', [bytes, column], {}, output)
    return bias ? builder.value('Add', [scaled, bias], {}, output) : scaled
  }

/** The product with a scale for each column of x, known beforehand. */
export const productByColumns =
  ({ weights, smoothing, scale, zero }: Calibrated): MakeProduct =>
  ({ x, bias }, output, builder) => {
    const smooth = builder.value('Mul', [x, smoothing], {}, x)
    const values = builder.value('QuantizeLinear', [smooth, scale, zero], {}, { dtype: 'uint8', shape: x.shape })
    const matrix = [weights.matrix, scale, weights.scales, zero, fill(0, [], 'int8')]
    return builder.value(productOfBytes, [values, ...matrix, ...(bias ? [bias] : [])], {}, output)
  }

export function int8Weights({ matrix, across, down }: Matrix): Int8Weights {
  const { values, scales } = int8Columns(matrix, [across, down], largestWeight)
  return { matrix: array('int8', values, [across, down]), scales: array('float32', scales, [down]) }
}

export interface Calibrated {
  readonly weights: Int8Weights
  /** What each column of x is multiplied by. */
  readonly smoothing: ConstantValue
  /** Of all columns of x after that, and the byte that stands for 0. */
  readonly scale: ConstantValue
  readonly zero: ConstantValue
}

/**
 * Columns of x are divided by the square root of their largest magnitude, and rows of the matrix multiplied by it: a column with outliers
 * (there are some in every transformer) then takes less from the others' precision, and the matrix takes some of the difference over
 * (SmoothQuant, Xiao et al. 2023, with α = 0.5). All bytes are used, whatever the sign of most values.
 */
export function calibrate({ matrix, across, down }: Matrix, { low, high }: InputRange): Calibrated {
  const magnitudes = low.map((least, column) => margin * Math.max(-least, high[column], 0))
  const most = magnitudes.reduce((a, b) => Math.max(a, b), 0) || 1
  const roots = magnitudes.map((magnitude) => Math.sqrt(Math.max(magnitude, leastMagnitude * most)))
  const [lowest, highest] = [low, high].map((ends) => ends.map((end, column) => (margin * end) / roots[column]))
  const least = lowest.reduce((a, b) => Math.min(a, b), 0)
  const range = highest.reduce((a, b) => Math.max(a, b), 0) - least || 1
  const scale = range / 255
  const moved = matrix.map((value, i) => value * roots[Math.floor(i / down)])
  return {
    weights: int8Weights({ matrix: moved, across, down }),
    smoothing: array(
      'float32',
      roots.map((root) => 1 / root),
      [across],
    ),
    scale: fill(scale),
    zero: fill(Math.round(-least / scale), [], 'uint8'),
  }
}
