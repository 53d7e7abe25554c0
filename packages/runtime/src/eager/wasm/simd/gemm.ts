import type { FunctionBody, Local, ModuleBuilder, Value } from './assembler.js'
import { f32, f32x4, i32, v128 } from './instructions.js'
import { repeat } from './loops.js'

/**
 * Parts of a blocked matrix product (Goto and van de Geijn 2008): both operands are packed into panels that the inner
 * kernel reads in order, whatever their transposition. A panel of A holds `tileRows` rows, a panel of B `tileColumns`
 * columns, k after k.
 */

/** 4 × 8 sums, two vectors of B and a number of A: what the sixteen vector registers of x86-64 hold without spilling. */
export const tileRows = 4
export const tileColumns = 8

/** Rows of A, depth, and columns of B that are packed at a time: A's block stays in the second-level cache. */
const blockRows = 128
const blockDepth = 256
const blockColumns = 512

const tileBytes = tileRows * tileColumns * 4
const packedABytes = blockRows * blockDepth * 4
/** Memory that one call of `multiply` needs for itself. */
export const workspaceBytes = tileBytes + packedABytes + blockColumns * blockDepth * 4

/**
 * - `multiply`: see `MultiplyArguments`
 * - `packAcross4`, `packAcross8` `(source, stride, panels, width, depth)`: source is `[width, depth]` (k is contiguous)
 * - `packAlong4`, `packAlong8` `(source, stride, panels, width, depth)`: source is `[depth, width]`
 * - `multiplyTiles` `(a, b, c, rows, columns, depth, stride, add)`: C (+)= packed A · packed B; `stride` is C's row length
 *
 * Strides are in bytes. Panels are padded with zeros to their full width.
 */
export function addGemm(module: ModuleBuilder): void {
  for (const panel of [tileRows, tileColumns]) {
    addPackAcross(module, panel)
    addPackAlong(module, panel)
  }
  addMultiplyTiles(module)
  addMultiply(module)
}

/** C = A · B for `count` matrices; all sizes of memory in bytes. The names are in the order of the arguments. */
export const multiplyArguments = [
  /** A is `[rows, depth]`, row after row `aStride` apart; transposed (1): `[depth, rows]`. */
  'a',
  'aTransposed',
  'aStride',
  /** From one A to the next; 0: all the same. */
  'aStep',
  'b',
  'bTransposed',
  'bStride',
  'bStep',
  'c',
  'cStride',
  'cStep',
  'rows',
  'columns',
  'depth',
  'count',
  'workspace',
] as const

function addMultiply(module: ModuleBuilder): void {
  module.add(
    'multiply',
    multiplyArguments.map(() => 'i32' as const),
    (f, parameters) => {
      const [a, aTransposed, aStride, aStep, b, bTransposed, bStride, bStep, c, cStride, cStep, rows, columns, depth, count, workspace] =
        parameters
      const packedA = f.local(i32.add(workspace, i32.const(tileBytes)))
      const packedB = f.local(i32.add(packedA, i32.const(packedABytes)))
      const [column, k, row] = [f.local('i32'), f.local('i32'), f.local('i32')]
      const [width, deep, height] = [f.local('i32'), f.local('i32'), f.local('i32')]
      const blocks = (at: Local, size: Local, total: Local, most: number, each: () => void) => {
        f.set(at, i32.const(0))
        f.while(
          () => i32.lt(at, total),
          () => {
            f.set(size, i32.sub(total, at))
            f.if(i32.lt(i32.const(most), size), () => f.set(size, i32.const(most)))
            each()
            f.set(at, i32.add(at, i32.const(most)))
          },
        )
      }
      repeat(f, count, () => {
        blocks(column, width, columns, blockColumns, () =>
          blocks(k, deep, depth, blockDepth, () => {
            f.if(
              bTransposed,
              () => f.call('packAcross8', i32.at(i32.add(b, i32.mul(column, bStride)), k), bStride, packedB, width, deep),
              () => f.call('packAlong8', i32.at(i32.add(b, i32.mul(k, bStride)), column), bStride, packedB, width, deep),
            )
            blocks(row, height, rows, blockRows, () => {
              f.if(
                aTransposed,
                () => f.call('packAlong4', i32.at(i32.add(a, i32.mul(k, aStride)), row), aStride, packedA, height, deep),
                () => f.call('packAcross4', i32.at(i32.add(a, i32.mul(row, aStride)), k), aStride, packedA, height, deep),
              )
              const target = i32.at(i32.add(c, i32.mul(row, cStride)), column)
              f.call('multiplyTiles', packedA, packedB, target, height, width, deep, cStride, k, workspace)
            })
          }),
        )
        f.set(a, i32.add(a, aStep))
        f.set(b, i32.add(b, bStep))
        f.set(c, i32.add(c, cStep))
      })
    },
  )
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

function addMultiplyTiles(module: ModuleBuilder): void {
  const types = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const
  // `scratch` holds one tile: the last tiles of a row or column reach over C's edge and are copied in part.
  module.add('multiplyTiles', types, (f, [a, b, c, rows, columns, depth, stride, add, scratch]) => {
    const aPanel = f.local(i32.mul(depth, i32.const(tileRows * 4)))
    const bPanel = f.local(i32.mul(depth, i32.const(tileColumns * 4)))
    const columnsLeft = f.local(columns)
    const bTile = f.local(b)
    const cColumn = f.local(c)
    const rowsLeft = f.local('i32')
    const aTile = f.local('i32')
    const cTile = f.local('i32')
    const ak = f.local('i32')
    const bk = f.local('i32')
    const end = f.local('i32')
    const sums = Array.from({ length: tileRows * 2 }, () => f.local('v128'))
    const [low, high, factor] = [f.local('v128'), f.local('v128'), f.local('v128')]
    const rowOf = (base: Value, at: number) => (at === 0 ? base : i32.add(base, i32.mul(stride, i32.const(at))))
    const step = (k: number) => {
      f.set(low, v128.load(bk, k * tileColumns * 4))
      f.set(high, v128.load(bk, k * tileColumns * 4 + 16))
      for (let row = 0; row < tileRows; row++) {
        f.set(factor, v128.loadSplat(ak, (k * tileRows + row) * 4))
        f.set(sums[row * 2], f32x4.add(sums[row * 2], f32x4.mul(factor, low)))
        f.set(sums[row * 2 + 1], f32x4.add(sums[row * 2 + 1], f32x4.mul(factor, high)))
      }
    }
    const steps = (count: number) => {
      for (let k = 0; k < count; k++) step(k)
      f.set(ak, i32.add(ak, i32.const(count * tileRows * 4)))
      f.set(bk, i32.add(bk, i32.const(count * tileColumns * 4)))
    }
    f.while(
      () => i32.ne(columnsLeft, i32.const(0)),
      () => {
        f.set(rowsLeft, rows)
        f.set(aTile, a)
        f.set(cTile, cColumn)
        f.while(
          () => i32.ne(rowsLeft, i32.const(0)),
          () => {
            f.set(ak, aTile)
            f.set(bk, bTile)
            for (const sum of sums) f.set(sum, v128.const(0))
            f.set(end, i32.add(bTile, i32.mul(i32.and(depth, i32.const(~3)), i32.const(tileColumns * 4))))
            f.while(
              () => i32.lt(bk, end),
              () => steps(4),
            )
            f.set(end, i32.add(bTile, bPanel))
            f.while(
              () => i32.lt(bk, end),
              () => steps(1),
            )
            const whole = i32.and(i32.le(i32.const(tileRows), rowsLeft), i32.le(i32.const(tileColumns), columnsLeft))
            f.if(
              whole,
              () => {
                f.if(add, () => {
                  for (let row = 0; row < tileRows; row++) {
                    for (const half of [0, 1]) {
                      const sum = sums[row * 2 + half]
                      f.set(sum, f32x4.add(sum, v128.load(rowOf(cTile, row), half * 16)))
                    }
                  }
                })
                for (let row = 0; row < tileRows; row++) {
                  for (const half of [0, 1]) f.store(rowOf(cTile, row), sums[row * 2 + half], half * 16)
                }
              },
              () => {
                sums.forEach((sum, at) => {
                  f.store(scratch, sum, at * 16)
                })
                copyPart(f, { scratch, cTile, stride, rowsLeft, columnsLeft, add })
              },
            )
            f.set(aTile, i32.add(aTile, aPanel))
            f.set(cTile, i32.add(cTile, i32.mul(stride, i32.const(tileRows))))
            f.if(
              i32.le(rowsLeft, i32.const(tileRows)),
              () => f.set(rowsLeft, i32.const(0)),
              () => f.set(rowsLeft, i32.sub(rowsLeft, i32.const(tileRows))),
            )
          },
        )
        f.set(bTile, i32.add(bTile, bPanel))
        f.set(cColumn, i32.add(cColumn, i32.const(tileColumns * 4)))
        f.if(
          i32.le(columnsLeft, i32.const(tileColumns)),
          () => f.set(columnsLeft, i32.const(0)),
          () => f.set(columnsLeft, i32.sub(columnsLeft, i32.const(tileColumns))),
        )
      },
    )
  })
}

interface PartialTile {
  scratch: Local
  cTile: Local
  stride: Local
  rowsLeft: Local
  columnsLeft: Local
  add: Local
}

/** Moves the part of a tile that lies inside C. */
function copyPart(f: FunctionBody, { scratch, cTile, stride, rowsLeft, columnsLeft, add }: PartialTile): void {
  const row = f.local(i32.const(0))
  const from = f.local(scratch)
  const to = f.local(cTile)
  const column = f.local('i32')
  const inside = (at: Local, count: Local, most: number) => i32.and(i32.lt(at, count), i32.lt(at, i32.const(most)))
  f.while(
    () => inside(row, rowsLeft, tileRows),
    () => {
      f.set(column, i32.const(0))
      f.while(
        () => inside(column, columnsLeft, tileColumns),
        () => {
          const value = f32.load(i32.at(from, column))
          const target = f.local(i32.at(to, column))
          f.if(
            add,
            () => f.store(target, f32.add(f32.load(target), value)),
            () => f.store(target, value),
          )
          f.set(column, i32.add(column, i32.const(1)))
        },
      )
      f.set(from, i32.add(from, i32.const(tileColumns * 4)))
      f.set(to, i32.add(to, stride))
      f.set(row, i32.add(row, i32.const(1)))
    },
  )
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
