import { backend_util } from '@tensorflow/tfjs-core'
import { type Attributes, type ElementType, fillOf } from '../graph.js'
import type { Recorded, Recorder } from '../recorder.js'

/** The nodes that many kernels are made of. Only constants of one repeated number are computed here; the rest is left to the passes. */

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

const sameSizes = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((size, i) => size === b[i])

export const broadcastShape = (...shapes: readonly (readonly number[])[]): number[] =>
  shapes.reduce<number[]>((a, b) => backend_util.assertAndGetBroadcastShape(a, [...b]), [])

const onnxTypes: Record<ElementType, number> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 }

export function cast(recorder: Recorder, x: Recorded, dtype: ElementType): Recorded {
  if (x.dtype === dtype) return x
  const fill = fillOf(x)
  if (fill !== undefined && dtype !== 'bool') return recorder.fill(dtype === 'float32' ? fill : Math.trunc(fill), dtype, x.shape)
  return recorder.node('Cast', [x], { dtype, shape: x.shape }, { to: onnxTypes[dtype] })
}

export function reshape(recorder: Recorder, x: Recorded, shape: readonly number[]): Recorded {
  const fill = fillOf(x)
  if (fill !== undefined) return recorder.fill(fill, x.dtype, shape)
  return recorder.node('Reshape', [x, recorder.ints(shape)], { dtype: x.dtype, shape })
}

export function transpose(recorder: Recorder, x: Recorded, perm: readonly number[]): Recorded {
  const shape = perm.map((axis) => x.shape[axis])
  const fill = fillOf(x)
  if (fill !== undefined) return recorder.fill(fill, x.dtype, shape)
  return recorder.node('Transpose', [x], { dtype: x.dtype, shape }, { perm })
}

export function expand(recorder: Recorder, x: Recorded, shape: readonly number[]): Recorded {
  const fill = fillOf(x)
  if (fill !== undefined) return recorder.fill(fill, x.dtype, shape)
  return recorder.node('Expand', [x, recorder.ints(shape)], { dtype: x.dtype, shape })
}

/** Elements `begin, begin + stride, … < end` of every axis. */
export function slice(
  recorder: Recorder,
  x: Recorded,
  {
    begin,
    end,
    strides,
    shape,
  }: { begin: readonly number[]; end: readonly number[]; strides?: readonly number[]; shape: readonly number[] },
): Recorded {
  const fill = fillOf(x)
  if (fill !== undefined) return recorder.fill(fill, x.dtype, shape)
  const axes = recorder.ints(begin.map((_, axis) => axis))
  const positions = [recorder.ints(begin), recorder.ints(end), axes, ...(strides ? [recorder.ints(strides)] : [])]
  return recorder.node('Slice', [x, ...positions], { dtype: x.dtype, shape })
}

/** An operator that works on each element, of one or more tensors that broadcast to `shape`. */
export function elementwise(
  recorder: Recorder,
  op: string,
  operands: readonly Recorded[],
  options: { dtype?: ElementType; attributes?: Attributes } = {},
): Recorded {
  const shape = broadcastShape(...operands.map((operand) => operand.shape))
  // A constant of one number need not be as large as the result, as long as another operand is.
  const large = operands.find((operand) => fillOf(operand) === undefined && sameSizes(operand.shape, shape))
  const small = operands.map((operand) => {
    const fill = fillOf(operand)
    return large && fill !== undefined ? recorder.fill(fill, operand.dtype) : operand
  })
  return recorder.node(op, small, { dtype: options.dtype ?? operands[0].dtype, shape }, options.attributes)
}

const identities: Readonly<Record<string, { readonly left?: number; readonly right: number }>> = {
  Add: { left: 0, right: 0 },
  Sub: { right: 0 },
  Mul: { left: 1, right: 1 },
  Div: { right: 1 },
}

const folds: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
}

/** Add, Sub, Mul or Div, where x + 0, 1 · x and the like vanish (TensorFlow.js's gradients are full of them). */
export function arithmetic(recorder: Recorder, op: 'Add' | 'Sub' | 'Mul' | 'Div', a: Recorded, b: Recorded): Recorded {
  const shape = broadcastShape(a.shape, b.shape)
  const [left, right] = [fillOf(a), fillOf(b)]
  if (a.dtype === 'float32' && left !== undefined && right !== undefined) return recorder.fill(folds[op](left, right), a.dtype, shape)
  const kept = right === identities[op].right ? a : left !== undefined && left === identities[op].left ? b : undefined
  if (kept) return expand(recorder, kept, shape)
  return elementwise(recorder, op, [a, b])
}

/** A sum, mean, … over axes. */
export function reduce(
  recorder: Recorder,
  op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd',
  x: Recorded,
  axes: readonly number[],
  keepDims: boolean,
): Recorded {
  const shape = x.shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : keepDims ? [1] : []))
  if (axes.length === 0) return x
  const fill = fillOf(x)
  if (fill !== undefined && x.dtype === 'float32' && op !== 'ReduceProd') {
    const count = op === 'ReduceSum' ? axes.reduce((product, axis) => product * x.shape[axis], 1) : 1
    return recorder.fill(fill * count, x.dtype, shape)
  }
  return recorder.node(op, [x, recorder.ints(axes)], { dtype: x.dtype, shape }, { keepdims: keepDims ? 1 : 0 })
}
