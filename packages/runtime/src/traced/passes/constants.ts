import type { Shape, Size } from '../dynamic/size.js'
import type { ConstantValue, ElementType } from '../graph.js'

/** Constants that passes put into a graph. */

/** Whole numbers, int64: sizes, axes, distances. */
export const list = (values: readonly Size[]): ConstantValue => ({
  kind: 'constant',
  dtype: 'int64',
  shape: [values.length],
  content: { form: 'list', values },
})

/** One number throughout. */
export const fill = (value: Size, shape: Shape = [], dtype: ElementType = 'float32'): ConstantValue => ({
  kind: 'constant',
  dtype,
  shape,
  content: { form: 'fill', value: dtype === 'float32' && typeof value === 'number' ? Math.fround(value) : value },
})

export const array = (dtype: 'int8' | 'float32', values: Int8Array | Float32Array, shape: readonly number[]): ConstantValue => ({
  kind: 'constant',
  dtype,
  shape,
  content: { form: 'array', values },
})
