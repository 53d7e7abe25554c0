import type { FunctionBody, Local, ModuleBuilder, Value } from './assembler.js'
import { f32, f32x4, i32, v128 } from './instructions.js'

/** 4 × 8 sums, two vectors of B and a number of A: what the sixteen vector registers of x86-64 hold without spilling. */
export const tileRows = 4
export const tileColumns = 8

/**
 * `multiplyTiles` `(a, b, c, rows, columns, depth, stride, add, scratch)`: C (+)= packed A · packed B, tile after tile;
 * `stride` is C's row length in bytes, `add` 0 or not, `scratch` memory for one tile.
 *
 * @param relaxed whether to use the relaxed instruction for a·b + c, which saves up to half of the inner kernel's work
 */
export function addMultiplyTiles(module: ModuleBuilder, relaxed: boolean): void {
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
    const multiplyAdd = relaxed ? f32x4.relaxedMultiplyAdd : (a: Value, b: Value, sum: Value) => f32x4.add(sum, f32x4.mul(a, b))
    const step = (k: number) => {
      f.set(low, v128.load(bk, k * tileColumns * 4))
      f.set(high, v128.load(bk, k * tileColumns * 4 + 16))
      for (let row = 0; row < tileRows; row++) {
        f.set(factor, v128.loadSplat(ak, (k * tileRows + row) * 4))
        f.set(sums[row * 2], multiplyAdd(factor, low, sums[row * 2]))
        f.set(sums[row * 2 + 1], multiplyAdd(factor, high, sums[row * 2 + 1]))
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
