import { meanRows, type RaggedIds, type StaticTable } from '@ms/backbones/static'

/** An int8 table in float32, row by row. */
export interface TableMemory {
  /** `[count, width]`; pages that nothing is written to take no memory. */
  readonly data: Float32Array
  /** `[count]`: 1 where the row is there. */
  readonly ready: Uint8Array
}

/** @param Buffer `SharedArrayBuffer`: several threads use it at a time. They write the same numbers. */
export function tableMemory(
  { count, width }: { readonly count: number; readonly width: number },
  Buffer: ArrayBufferConstructor | SharedArrayBufferConstructor = ArrayBuffer,
): TableMemory {
  return { data: new Float32Array(new Buffer(count * width * Float32Array.BYTES_PER_ELEMENT)), ready: new Uint8Array(new Buffer(count)) }
}

/**
 * Means of rows, as `meanRows` of the table in float32 gives them, to the bit: an int8 table becomes float32 row by row, when a row is first
 * needed. A short text then costs a few rows and not the whole table.
 */
export function lazyMeans(table: StaticTable, memory?: TableMemory): (ids: RaggedIds) => Float32Array {
  if (table.kind === 'float32') return (ids) => meanRows(table, ids)
  const { rows, scale, count, width } = table
  const { data, ready } = memory ?? tableMemory(table)
  return (ragged) => {
    for (const id of ragged.ids) {
      if (!(id >= 0 && id < count) || Atomics.load(ready, id) === 1) continue
      for (let i = id * width, end = i + width; i < end; i++) data[i] = rows[i] * scale[id]
      // Whoever sees the mark sees the row.
      Atomics.store(ready, id, 1)
    }
    return meanRows({ kind: 'float32', rows: data, count, width }, ragged)
  }
}
