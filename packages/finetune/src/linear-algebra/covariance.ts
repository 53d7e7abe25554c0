/** Rows that are summed up in single precision before they are added in double. */
const block = 64

/** Lower triangle of `1/n Xᵀ X`. `[width, width]` */
export function covariance(rows: Float32Array, count: number, width: number): Float64Array {
  const result = new Float64Array(width * width)
  // Columns of a block of rows, side by side: a dot product then reads memory in order.
  const columns = new Float32Array(width * block)
  for (let first = 0; first < count; first += block) {
    const size = Math.min(block, count - first)
    for (let r = 0; r < size; r++) for (let j = 0; j < width; j++) columns[j * block + r] = rows[(first + r) * width + j]
    for (let i = 0; i < width; i++) {
      const a = i * block
      for (let j = 0; j <= i; j++) {
        const b = j * block
        let [even, odd] = [0, 0]
        let r = 0
        for (; r + 1 < size; r += 2) {
          even += columns[a + r] * columns[b + r]
          odd += columns[a + r + 1] * columns[b + r + 1]
        }
        if (r < size) even += columns[a + r] * columns[b + r]
        result[i * width + j] += even + odd
      }
    }
  }
  for (let i = 0; i < result.length; i++) result[i] /= count
  return result
}
