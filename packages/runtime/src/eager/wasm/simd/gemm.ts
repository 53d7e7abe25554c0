import type { Local, ModuleBuilder } from './assembler.js'
import { i32 } from './instructions.js'
import { repeat } from './loops.js'
import { addMultiplyTiles, tileColumns, tileRows } from './multiply-tiles.js'
import { addPacking } from './pack-panels.js'

/** Rows of A, depth, and columns of B that are packed at a time: A's block stays in the second-level cache. */
const blockRows = 128
const blockDepth = 256
const blockColumns = 512

const tileBytes = tileRows * tileColumns * 4
const packedABytes = blockRows * blockDepth * 4
/** Memory that one call of `multiply` needs for itself. */
export const workspaceBytes = tileBytes + packedABytes + blockColumns * blockDepth * 4

/**
 * `multiply`, with `multiplyArguments`: a blocked matrix product (Goto and van de Geijn 2008). Blocks of both operands
 * are packed into panels, whatever their transposition, and multiplied tile by tile.
 */
export function addGemm(module: ModuleBuilder, options: { readonly relaxed: boolean }): void {
  addPacking(module, tileRows)
  addPacking(module, tileColumns)
  addMultiplyTiles(module, options.relaxed)
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
