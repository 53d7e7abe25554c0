/** Below this length a vector counts as zero, as in torch's `F.normalize`. */
export const smallestLength = 1e-12

/** Scales every row of `[count, width]` to unit length, in place; a row of zeros stays zero. */
export function normalizeInPlace(rows: Float32Array, width: number): void {
  for (let start = 0; start < rows.length; start += width) {
    let sum = 0
    for (let j = start; j < start + width; j++) sum += rows[j] * rows[j]
    const scale = 1 / Math.max(Math.sqrt(sum), smallestLength)
    for (let j = start; j < start + width; j++) rows[j] *= scale
  }
}
