import { MsError } from '@ms/core'

/** A table of token embeddings, row-major: float32, or int8 with a scale for each row (`value = row × scale`). */
export type StaticTable =
  | { readonly kind: 'float32'; readonly rows: Float32Array; readonly count: number; readonly width: number }
  | { readonly kind: 'int8'; readonly rows: Int8Array; readonly scale: Float32Array; readonly count: number; readonly width: number }

/** Token ids of many texts, one after the other. */
export interface RaggedIds {
  /** `[tokens]` int32 */
  readonly ids: Int32Array
  /** `[texts + 1]` int32: text i has the ids from `offsets[i]` to before `offsets[i + 1]`; starts with 0, ends with `ids.length`. */
  readonly offsets: Int32Array
}

/**
 * The mean of each text's rows, in plain JavaScript; a text without tokens gives zeros.
 *
 * @returns `[texts, width]` float32, row-major
 * @throws `inputs.ids` when an id has no row, `inputs.shape` when the offsets are no offsets into the ids
 */
export function meanRows(table: StaticTable, { ids, offsets }: RaggedIds): Float32Array {
  checkOffsets(ids, offsets)
  const texts = offsets.length - 1
  const { width, count } = table
  const means = new Float32Array(texts * width)
  // Four rows at a time: the sum is then read and written a quarter as often, which is what takes the time.
  const sum = new Float64Array(width)
  for (let text = 0; text < texts; text++) {
    const start = offsets[text]
    const end = offsets[text + 1]
    if (start === end) continue
    sum.fill(0)
    for (let t = start; t < end; t++) if (!(ids[t] >= 0 && ids[t] < count)) throw noRow(ids[t], count)
    let t = start
    if (table.kind === 'int8') {
      const { rows, scale } = table
      for (; t + 4 <= end; t += 4) addFourInt8(sum, rows, scale, ids[t], ids[t + 1], ids[t + 2], ids[t + 3])
      for (; t < end; t++) addInt8(sum, rows, ids[t] * width, scale[ids[t]])
    } else {
      const { rows } = table
      for (; t + 4 <= end; t += 4) addFour(sum, rows, ids[t] * width, ids[t + 1] * width, ids[t + 2] * width, ids[t + 3] * width)
      for (; t < end; t++) addOne(sum, rows, ids[t] * width)
    }
    const n = end - start
    const at = text * width
    for (let i = 0; i < width; i++) means[at + i] = sum[i] / n
  }
  return means
}

function addOne(sum: Float64Array, rows: Float32Array, at: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += rows[at + i]
}

function addFour(sum: Float64Array, rows: Float32Array, a: number, b: number, c: number, d: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += rows[a + i] + rows[b + i] + rows[c + i] + rows[d + i]
}

function addInt8(sum: Float64Array, rows: Int8Array, at: number, scale: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += rows[at + i] * scale
}

function addFourInt8(sum: Float64Array, rows: Int8Array, scale: Float32Array, a: number, b: number, c: number, d: number): void {
  const width = sum.length
  const [p, q, r, s] = [a * width, b * width, c * width, d * width]
  const [u, v, w, x] = [scale[a], scale[b], scale[c], scale[d]]
  for (let i = 0; i < width; i++) sum[i] += rows[p + i] * u + rows[q + i] * v + rows[r + i] * w + rows[s + i] * x
}

const noRow = (id: number, count: number) =>
  new MsError('inputs.ids', `token ${id} has no row in a table of ${count}`, {
    advice: 'Tokenizer and model belong to different checkpoints.',
  })

function checkOffsets(ids: Int32Array, offsets: Int32Array): void {
  let valid = offsets.length >= 1 && offsets[0] === 0 && offsets[offsets.length - 1] === ids.length
  for (let i = 1; valid && i < offsets.length; i++) valid = offsets[i] >= offsets[i - 1]
  if (!valid) throw new MsError('inputs.shape', 'the offsets must rise from 0 to the number of ids', { kind: 'failure' })
}
