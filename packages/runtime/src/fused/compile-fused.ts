import { MsError } from '@ms/core'
import type { Elementwise } from './elementwise.js'
import { blockCount, blockSize, type FusedMemory, fusedMemory, rowNumbersAddress } from './fused-memory.js'
import type { Kernel } from './kernel.js'
import { loopKernel } from './loop-kernel.js'
import { simdKernel } from './simd-kernel.js'

type Arrays<A extends string> = Readonly<Record<A, Float32Array>>
type Scalars<S extends string> = Readonly<Record<S, number>>

/** Rows of tables, in place of whole arrays. */
export interface RowSelection<A extends string> {
  /** Row numbers, each once. */
  readonly rows: Int32Array
  /** Elements in a row. */
  readonly width: number
  /** Arrays that are tables `[any, width]` of which these rows are meant; all others are `[rows.length, width]`. */
  readonly tables: readonly A[]
}

/** An elementwise update that is ready to run on typed arrays, one pass over memory. */
export interface FusedKernel<A extends string, S extends string> {
  readonly kind: Kernel['kind']
  /** Updates arrays in place. @throws `fused.length` when the arrays are not of equal length */
  run(arrays: Arrays<A>, scalars: Scalars<S>): void
  /** The same for some rows of tables. @throws `fused.length`, `tensor.row` when a table has no such row */
  runRows(arrays: Arrays<A>, scalars: Scalars<S>, selection: RowSelection<A>): void
}

export interface CompileFusedOptions {
  /** `loops` does without WebAssembly. Default: `auto`, SIMD where there is any. */
  kind?: 'auto' | 'loops'
  /** Its arrays are worked on where they lie; all others are copied in and out, block by block. */
  memory?: FusedMemory
}

/** Makes an elementwise update ready to run. */
export function compileFused<A extends string, S extends string>(
  update: Elementwise<A, S>,
  { kind = 'auto', memory = fusedMemory() }: CompileFusedOptions = {},
): FusedKernel<A, S> {
  if (update.arrays.length > blockCount) {
    throw new MsError('fused.arrays', `${update.arrays.length} arrays in one update; there is room for ${blockCount}`, { kind: 'failure' })
  }
  const kernel = (kind === 'auto' && memory.wasm ? simdKernel(update, memory.wasm) : undefined) ?? loopKernel(update)
  const resident = new Set(kernel.inPlace ? [...memory.arrays, ...memory.spare] : [])
  const names = update.arrays
  const block = (name: A) => kernel.blocks[names.indexOf(name)]
  const address = (arrays: Arrays<A>, name: A) => (resident.has(arrays[name]) ? arrays[name] : block(name)).byteOffset
  const valuesOf = (scalars: Scalars<S>) => update.scalars.map((name) => scalars[name])
  const copiedOf = (arrays: Arrays<A>) => {
    const read = names.filter((name) => !resident.has(arrays[name]))
    return { read, written: read.filter((name) => update.updates[name]) }
  }

  function run(arrays: Arrays<A>, scalars: Scalars<S>): void {
    const { length } = arrays[names[0]]
    checkLengths(arrays, names, length)
    if (length === 0) return
    const { read, written } = copiedOf(arrays)
    const addresses = names.map((name) => address(arrays, name))
    const strides = names.map((name) => (read.includes(name) ? 0 : 4))
    const call = { rows: 1, chosen: names.map(() => 0 as const), scalars: valuesOf(scalars), addresses, width: 0 }
    const piece = read.length === 0 ? length : blockSize
    for (let start = 0; start < length; start += piece) {
      const end = Math.min(start + piece, length)
      for (const name of read) block(name).set(arrays[name].subarray(start, end))
      call.width = end - start
      kernel.run(call)
      for (const name of written) arrays[name].set(block(name).subarray(0, end - start), start)
      for (const [i, stride] of strides.entries()) addresses[i] += stride * piece
    }
  }

  function runRows(arrays: Arrays<A>, scalars: Scalars<S>, { rows, width, tables }: RowSelection<A>): void {
    const compact = names.filter((name) => !tables.includes(name))
    checkLengths(arrays, compact, rows.length * width)
    checkRows(arrays, rows, width, tables)
    const values = valuesOf(scalars)
    // A row that is no whole number of vectors would be written beyond its end.
    const direct = width % 4 === 0 && width <= blockSize && tables.every((name) => resident.has(arrays[name]))
    if (direct) rowsInPlace(arrays, values, { rows, width, tables })
    else rowsInBlocks(arrays, values, { rows, width, tables })
  }

  function rowsInPlace(arrays: Arrays<A>, values: readonly number[], { rows, width, tables }: RowSelection<A>): void {
    const { read, written } = copiedOf(arrays)
    const starts = names.map((name) => address(arrays, name))
    const strides = names.map((name) => (tables.includes(name) || read.includes(name) ? 0 : width * 4))
    const call = { width, chosen: names.map((name) => (tables.includes(name) ? 1 : 0)), scalars: values }
    const rowNumbers = new Int32Array(memory.wasm!.buffer, rowNumbersAddress, blockSize)
    const rowsAtATime = Math.floor(blockSize / width)
    for (let start = 0; start < rows.length; start += rowsAtATime) {
      const end = Math.min(start + rowsAtATime, rows.length)
      rowNumbers.set(rows.subarray(start, end))
      for (const name of read) block(name).set(arrays[name].subarray(start * width, end * width))
      kernel.run({ ...call, rows: end - start, addresses: starts.map((at, i) => at + start * strides[i]) })
      for (const name of written) arrays[name].set(block(name).subarray(0, (end - start) * width), start * width)
    }
  }

  /** As many rows at a time as a block holds; rows wider than a block go through it in pieces. */
  function rowsInBlocks(arrays: Arrays<A>, values: readonly number[], { rows, width, tables }: RowSelection<A>): void {
    const piece = Math.min(width, blockSize)
    const rowsAtATime = Math.floor(blockSize / piece)
    const addresses = names.map((name) => block(name).byteOffset)
    const call = { rows: 1, addresses, chosen: names.map(() => 0 as const), scalars: values }
    for (let start = 0; start < rows.length; start += rowsAtATime) {
      const chosen = rows.subarray(start, start + rowsAtATime)
      for (let column = 0; column < width; column += piece) {
        const columns = Math.min(piece, width - column)
        const length = chosen.length * columns
        const at = start * width + column
        for (const name of names) {
          if (tables.includes(name)) gather(arrays[name], chosen, { width, column, columns }, block(name))
          else block(name).set(arrays[name].subarray(at, at + length))
        }
        kernel.run({ ...call, width: length })
        for (const name of names) {
          if (!update.updates[name]) continue
          if (tables.includes(name)) scatter(block(name), chosen, { width, column, columns }, arrays[name])
          else arrays[name].set(block(name).subarray(0, length), at)
        }
      }
    }
  }

  return { kind: kernel.kind, run, runRows }
}

interface Piece {
  readonly width: number
  readonly column: number
  readonly columns: number
}

function gather(table: Float32Array, rows: Int32Array, { width, column, columns }: Piece, to: Float32Array): void {
  for (let r = 0; r < rows.length; r++) {
    const from = rows[r] * width + column
    to.set(table.subarray(from, from + columns), r * columns)
  }
}

function scatter(from: Float32Array, rows: Int32Array, { width, column, columns }: Piece, table: Float32Array): void {
  for (let r = 0; r < rows.length; r++) table.set(from.subarray(r * columns, (r + 1) * columns), rows[r] * width + column)
}

function checkLengths<A extends string>(arrays: Arrays<A>, names: readonly A[], length: number): void {
  for (const name of names) {
    if (arrays[name].length === length) continue
    throw new MsError('fused.length', `${name} has ${arrays[name].length} elements, ${length} are expected`, {
      where: name,
      kind: 'failure',
    })
  }
}

function checkRows<A extends string>(arrays: Arrays<A>, rows: Int32Array, width: number, tables: readonly A[]): void {
  const count = Math.min(...tables.map((name) => arrays[name].length / width))
  for (const row of rows) {
    if (!(row >= 0 && row < count)) throw new MsError('tensor.row', `row ${row} of a table of ${count} rows`, { kind: 'failure' })
  }
}
