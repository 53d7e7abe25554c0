/** The place after the last number that a view of these strides reads, counted from its first. */
export function extentOf(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0
  return shape.reduce((last, n, axis) => last + (n - 1) * strides[axis], 0) + 1
}

/** Whether the numbers lie one after the other, in the order of a row-major tensor. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]
  }
  return true
}

/** Copies a view row by row: `target[i]` is the i-th number in row-major order. */
export function gatherStrided<T extends { [i: number]: number | bigint }>(
  source: T,
  target: T,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): T {
  const size = shape.reduce((product, n) => product * n, 1)
  const index = shape.map(() => 0)
  let from = offset
  for (let i = 0; i < size; i++) {
    target[i] = source[from]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]
      index[axis]++
      if (index[axis] < shape[axis]) break
      from -= index[axis] * strides[axis]
      index[axis] = 0
    }
  }
  return target
}
