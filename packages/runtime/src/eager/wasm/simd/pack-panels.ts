import type { FunctionBody, Local, ModuleBuilder, Value } from './assembler.js'
import { f32, i32, v128 } from './instructions.js'

/**
 * Packing of a matrix into panels that `multiplyTiles` reads in order. A panel holds `panel` rows of A (or columns of B),
 * k after k, padded with zeros to its full width. Strides are in bytes.
 *
 * - `packAcross…` `(source, stride, panels, width, depth)`: source is `[width, depth]` (k is contiguous)
 * - `packAlong…` `(source, stride, panels, width, depth)`: source is `[depth, width]`
 */
export function addPacking(module: ModuleBuilder, panel: number): void {
  addPackAcross(module, panel)
  addPackAlong(module, panel)
}

const parameters = ['i32', 'i32', 'i32', 'i32', 'i32'] as const

function addPackAcross(module: ModuleBuilder, panel: number): void {
  module.add(`packAcross${panel}`, parameters, (f, [source, stride, panels, width, depth]) => {
    const line = i32.const(panel * 4)
    const left = f.local(width)
    const row = f.local(source)
    const to = f.local(panels)
    f.while(
      () => i32.ne(left, i32.const(0)),
      () => {
        const full = f.local(i32.le(i32.const(panel), left))
        f.if(
          full,
          () => {
            // Four rows at a time: a block of 4 × 4 is transposed in registers.
            for (let group = 0; group < panel / 4; group++) {
              const rows = [f.local(i32.add(row, i32.mul(stride, i32.const(group * 4))))]
              for (let at = 1; at < 4; at++) rows.push(f.local(i32.add(rows[at - 1], stride)))
              const end = f.local(i32.at(rows[0], depth))
              const blocksEnd = f.local(i32.at(rows[0], i32.and(depth, i32.const(~3))))
              const target = f.local(i32.add(to, i32.const(group * 16)))
              const advance = (bytes: number) => {
                for (const pointer of rows) f.set(pointer, i32.add(pointer, i32.const(bytes)))
              }
              f.while(
                () => i32.lt(rows[0], blocksEnd),
                () => {
                  const columns = transpose4(
                    f,
                    rows.map((pointer) => f.local(v128.load(pointer))),
                  )
                  columns.forEach((column, k) => {
                    f.store(target, column, k * panel * 4)
                  })
                  f.set(target, i32.add(target, i32.const(4 * panel * 4)))
                  advance(16)
                },
              )
              f.while(
                () => i32.lt(rows[0], end),
                () => {
                  rows.forEach((pointer, at) => {
                    f.store(target, f32.load(pointer), at * 4)
                  })
                  f.set(target, i32.add(target, line))
                  advance(4)
                },
              )
            }
            f.set(left, i32.sub(left, i32.const(panel)))
          },
          () => {
            fillZero(f, to, i32.mul(depth, line))
            const from = f.local(row)
            const target = f.local(to)
            f.while(
              () => i32.ne(left, i32.const(0)),
              () => {
                copyLine(f, from, i32.const(4), target, line, depth)
                f.set(from, i32.add(from, stride))
                f.set(target, i32.add(target, i32.const(4)))
                f.set(left, i32.sub(left, i32.const(1)))
              },
            )
          },
        )
        f.set(row, i32.add(row, i32.mul(stride, i32.const(panel))))
        f.set(to, i32.add(to, i32.mul(depth, line)))
      },
    )
  })
}

function addPackAlong(module: ModuleBuilder, panel: number): void {
  module.add(`packAlong${panel}`, parameters, (f, [source, stride, panels, width, depth]) => {
    const line = i32.const(panel * 4)
    const left = f.local(width)
    const column = f.local(source)
    const to = f.local(panels)
    f.while(
      () => i32.ne(left, i32.const(0)),
      () => {
        const panelEnd = f.local(i32.add(to, i32.mul(depth, line)))
        f.if(
          i32.le(i32.const(panel), left),
          () => {
            const from = f.local(column)
            f.while(
              () => i32.lt(to, panelEnd),
              () => {
                for (let group = 0; group < panel / 4; group++) f.store(to, v128.load(from, group * 16), group * 16)
                f.set(from, i32.add(from, stride))
                f.set(to, i32.add(to, line))
              },
            )
            f.set(left, i32.sub(left, i32.const(panel)))
          },
          () => {
            fillZero(f, to, i32.mul(depth, line))
            const from = f.local(column)
            const target = f.local(to)
            f.while(
              () => i32.ne(left, i32.const(0)),
              () => {
                copyLine(f, from, stride, target, line, depth)
                f.set(from, i32.add(from, i32.const(4)))
                f.set(target, i32.add(target, i32.const(4)))
                f.set(left, i32.sub(left, i32.const(1)))
              },
            )
            f.set(to, panelEnd)
          },
        )
        f.set(column, i32.add(column, line))
      },
    )
  })
}

/** @param bytes a multiple of 16 */
function fillZero(f: FunctionBody, address: Value, bytes: Value): void {
  const at = f.local(address)
  const end = f.local(i32.add(address, bytes))
  f.while(
    () => i32.lt(at, end),
    () => {
      f.store(at, v128.const(0))
      f.set(at, i32.add(at, i32.const(16)))
    },
  )
}

/** Copies `count` numbers that lie `fromStep` bytes apart to places `toStep` bytes apart. */
function copyLine(f: FunctionBody, source: Value, fromStep: Value, target: Value, toStep: Value, count: Value): void {
  const from = f.local(source)
  const to = f.local(target)
  const left = f.local(count)
  f.while(
    () => i32.ne(left, i32.const(0)),
    () => {
      f.store(to, f32.load(from))
      f.set(from, i32.add(from, fromStep))
      f.set(to, i32.add(to, toStep))
      f.set(left, i32.sub(left, i32.const(1)))
    },
  )
}

function transpose4(f: FunctionBody, rows: readonly Local[]): Value[] {
  const [a, b, c, d] = rows
  const abLow = f.local(v128.shuffle(a, b, [0, 4, 1, 5]))
  const abHigh = f.local(v128.shuffle(a, b, [2, 6, 3, 7]))
  const cdLow = f.local(v128.shuffle(c, d, [0, 4, 1, 5]))
  const cdHigh = f.local(v128.shuffle(c, d, [2, 6, 3, 7]))
  return [
    v128.shuffle(abLow, cdLow, [0, 1, 4, 5]),
    v128.shuffle(abLow, cdLow, [2, 3, 6, 7]),
    v128.shuffle(abHigh, cdHigh, [0, 1, 4, 5]),
    v128.shuffle(abHigh, cdHigh, [2, 3, 6, 7]),
  ]
}
