/** A matrix as whole numbers from −`largest` to `largest` and what they are multiplied by. */
export interface Int8Matrix {
  readonly values: Int8Array
  readonly scales: Float32Array
}

/** A scale for each row of `[rows, width]`, whose largest magnitude becomes `largest`. The layout stays. */
export function int8Rows(matrix: Float32Array, [rows, width]: readonly number[], largest: number): Int8Matrix {
  const values = new Int8Array(rows * width)
  const scales = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    let most = 0
    for (let i = row * width; i < (row + 1) * width; i++) most = Math.max(most, Math.abs(matrix[i]))
    scales[row] = scaleFor(most, largest)
    for (let i = row * width; i < (row + 1) * width; i++) values[i] = Math.round(matrix[i] / scales[row])
  }
  return { values, scales }
}

/** Rows become columns: `[rows, columns]` → `[columns, rows]`. */
export function transposed(matrix: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const turned = new Float32Array(matrix.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = matrix[row * columns + column]
  return turned
}

/** A scale for each column of `[rows, columns]`. The layout stays. */
export function int8Columns(matrix: Float32Array, [rows, columns]: readonly number[], largest: number): Int8Matrix {
  const values = new Int8Array(rows * columns)
  const scales = new Float32Array(columns)
  for (let i = 0; i < matrix.length; i++) scales[i % columns] = Math.max(scales[i % columns], Math.abs(matrix[i]))
  for (let column = 0; column < columns; column++) scales[column] = scaleFor(scales[column], largest)
  for (let i = 0; i < matrix.length; i++) values[i] = Math.round(matrix[i] / scales[i % columns])
  return { values, scales }
}

/** All zeros are zeros under any scale. */
const scaleFor = (most: number, largest: number) => (most === 0 ? 1 : most / largest)
