import { meanRows, type RaggedIds, type StaticTable } from '@ms/backbones/static'

/**
 * Means of rows, as `meanRows` of the table in float32 gives them, to the bit: an int8 table becomes float32 row by row, when a row is first
 * needed. A short text then costs a few rows and not the whole table.
 */
export function lazyMeans(table: StaticTable): (ids: RaggedIds) => Float32Array {
  if (table.kind === 'float32') return (ids) => meanRows(table, ids)
  const { rows, scale, count, width } = table
  // Pages that nothing is written to take no memory.
  const data = new Float32Array(count * width)
  const ready = new Uint8Array(count)
  return (ragged) => {
    for (const id of ragged.ids) {
      if (!(id >= 0 && id < count) || ready[id] === 1) continue
      ready[id] = 1
      for (let i = id * width, end = i + width; i < end; i++) data[i] = rows[i] * scale[id]
    }
    return meanRows({ kind: 'float32', rows: data, count, width }, ragged)
  }
}
