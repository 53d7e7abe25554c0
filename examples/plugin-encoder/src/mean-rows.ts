/**
 * The mean of each bag's rows, of unit length; zeros for an empty bag.
 * @param table `[rows, dim]` @param ids `[n]` @param offsets `[bags + 1]`, from 0 to n
 * @returns `[bags, dim]`
 */
export function meanRows(table: Float32Array, dim: number, ids: ArrayLike<number>, offsets: ArrayLike<number>): Float32Array {
  const bags = offsets.length - 1
  const result = new Float32Array(bags * dim)
  const sum = new Float64Array(dim)
  for (let bag = 0; bag < bags; bag++) {
    sum.fill(0)
    for (let at = offsets[bag]; at < offsets[bag + 1]; at++) {
      const row = ids[at] * dim
      for (let i = 0; i < dim; i++) sum[i] += table[row + i]
    }
    let square = 0
    for (const value of sum) square += value * value
    // The mean has the direction of the sum.
    const length = Math.sqrt(square)
    if (length > 0) for (let i = 0; i < dim; i++) result[bag * dim + i] = sum[i] / length
  }
  return result
}
