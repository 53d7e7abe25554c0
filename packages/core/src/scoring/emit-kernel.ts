/** Rows that are scored side by side: enough independent sums to keep the adders busy. */
export const rowsAtOnce = 4
/** A row is padded with zeros to a multiple of so many numbers. */
export const paddedTo = 8

const i32 = 0x7f
const v128 = 0x7b
const op = {
  loop: [0x03, 0x40],
  end: 0x0b,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  f32Store: 0x38,
  i32Const: 0x41,
  i32GtS: 0x4a,
  i32LtU: 0x49,
  f32Add: 0x92,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  v128Load: [0xfd, 0x00],
  v128Zero: [0xfd, 0x0c, ...new Array<number>(16).fill(0)],
  extractLane: [0xfd, 0x1f],
  f32x4Add: [0xfd, 0xe4, 0x01],
  f32x4Sub: [0xfd, 0xe5, 0x01],
  f32x4Mul: [0xfd, 0xe6, 0x01],
} as const

/** LEB128 */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return bytes
}

/** LEB128 of a number that is not negative, with room for the sign. */
function signed(value: number): number[] {
  const bytes = unsigned(value)
  if (bytes[bytes.length - 1] & 64) {
    bytes[bytes.length - 1] |= 128
    bytes.push(0)
  }
  return bytes
}

const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content]
const list = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()]
const name = (text: string) => [...unsigned(text.length), ...Array.from(text, (character) => character.charCodeAt(0))]

/**
 * A WebAssembly module for rows of `stride` numbers (a multiple of `paddedTo`). It imports `m.m`, a memory, and exports
 * `score(rows, rowCount, queries, queryCount, out, outStride)`: addresses in bytes, `rowCount` a multiple of `rowsAtOnce`;
 * out[query * outStride / 4 + row] becomes Σ q·x (`dot`) or Σ (q − x)² (`l2`). Four numbers at once, in one fixed order, so the
 * result is the same on every machine.
 */
export function emitKernel(stride: number, kind: 'dot' | 'l2'): Uint8Array<ArrayBuffer> {
  const bytesPerRow = stride * 4
  const steps = paddedTo / 4
  // Parameters, then locals.
  const [rows, rowCount, queries, queryCount, out, outStride] = [0, 1, 2, 3, 4, 5]
  const [row, query, queriesLeft, target, rowEnd] = [6, 7, 8, 9, 10]
  const [x, difference] = [11, 12]
  const sum = (r: number, step: number) => 13 + r * steps + step
  const sums = rowsAtOnce * steps

  const get = (local: number) => [op.get, local]
  const set = (local: number) => [op.set, local]
  const constant = (value: number) => [op.i32Const, ...signed(value)]
  const add = (local: number, value: readonly number[]) => [...get(local), ...value, op.i32Add, ...set(local)]
  const load = (address: number, offset: number) => [...get(address), ...op.v128Load, 4, ...unsigned(offset)]

  const inner: number[] = []
  for (let step = 0; step < steps; step++) {
    inner.push(...load(query, step * 16), ...set(x))
    for (let r = 0; r < rowsAtOnce; r++) {
      const value = load(row, r * bytesPerRow + step * 16)
      const product =
        kind === 'dot'
          ? [...get(x), ...value, ...op.f32x4Mul]
          : [...get(x), ...value, ...op.f32x4Sub, op.tee, difference, ...get(difference), ...op.f32x4Mul]
      inner.push(...get(sum(r, step)), ...product, ...op.f32x4Add, ...set(sum(r, step)))
    }
  }
  const reduce: number[] = []
  for (let r = 0; r < rowsAtOnce; r++) {
    reduce.push(...get(sum(r, 0)))
    for (let step = 1; step < steps; step++) reduce.push(...get(sum(r, step)), ...op.f32x4Add)
    reduce.push(...set(x), ...get(target))
    for (let lane = 0; lane < 4; lane++) reduce.push(...get(x), ...op.extractLane, lane, ...(lane % 2 ? [op.f32Add] : []))
    reduce.push(op.f32Add, op.f32Store, 2, ...unsigned(r * 4))
  }
  const body = [
    ...op.loop, // every four rows
    ...[...get(queries), ...set(query), ...get(queryCount), ...set(queriesLeft), ...get(out), ...set(target)],
    ...op.loop, // every query
    ...[...get(rows), ...set(row), ...get(rows), ...constant(bytesPerRow), op.i32Add, ...set(rowEnd)],
    ...Array.from({ length: sums }, (_, i) => [...op.v128Zero, ...set(13 + i)]).flat(),
    ...op.loop, // along the row
    ...inner,
    ...add(query, constant(paddedTo * 4)),
    ...[...get(row), ...constant(paddedTo * 4), op.i32Add, op.tee, row, ...get(rowEnd), op.i32LtU, op.brIf, 0],
    op.end,
    ...reduce,
    ...add(target, get(outStride)),
    ...[...get(queriesLeft), ...constant(1), op.i32Sub, op.tee, queriesLeft, ...constant(0), op.i32GtS, op.brIf, 0],
    op.end,
    ...add(rows, constant(bytesPerRow * rowsAtOnce)),
    ...add(out, constant(4 * rowsAtOnce)),
    ...[...get(rowCount), ...constant(rowsAtOnce), op.i32Sub, op.tee, rowCount, ...constant(0), op.i32GtS, op.brIf, 0],
    op.end,
  ]
  const code = [
    ...list([
      [5, i32],
      [...unsigned(2 + sums), v128],
    ]),
    ...body,
    op.end,
  ]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, 6, i32, i32, i32, i32, i32, i32, 0]])),
    ...section(2, list([[...name('m'), ...name('m'), 2, 0, 1]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...name('score'), 0, 0]])),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ])
}
