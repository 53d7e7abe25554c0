/** A table of vectors in int8 with a scale for each row: `value = rows[i] × scale[row]`. */
export interface Int8Rows {
  /** `[count, width]` row-major, −127 … 127 */
  readonly rows: Int8Array
  /** `[count]` */
  readonly scale: Float32Array
  readonly width: number
}

/**
 * Rounds each row to int8, symmetric, with the row's largest magnitude as 127: the error of a value is at most half its
 * row's scale. A row of zeros gets scale 0.
 *
 * @param data `[count, width]` float32, finite
 */
export function quantizeRows(data: Float32Array, width: number): Int8Rows {
  const count = width === 0 ? 0 : data.length / width
  const rows = new Int8Array(data.length)
  const scale = new Float32Array(count)
  for (let r = 0; r < count; r++) {
    const start = r * width
    let largest = 0
    for (let i = start; i < start + width; i++) largest = Math.max(largest, Math.abs(data[i]))
    // Rounded to float32 first, so that quantising divides by the very number that restoring multiplies with.
    scale[r] = largest / 127
    if (scale[r] === 0) continue
    for (let i = start; i < start + width; i++) rows[i] = Math.max(-127, Math.min(127, Math.round(data[i] / scale[r])))
  }
  return { rows, scale, width }
}

/** The table in float32, `[count, width]`. */
export function dequantizeRows({ rows, scale, width }: Int8Rows): Float32Array {
  const data = new Float32Array(rows.length)
  for (let r = 0, i = 0; r < scale.length; r++) {
    const s = scale[r]
    for (const end = i + width; i < end; i++) data[i] = rows[i] * s
  }
  return data
}
