import { multiplyArguments, workspaceBytes } from './simd/gemm.js'
import type { SimdModule } from './simd/simd-module.js'
import type { ThreadPool } from './thread-pool.js'

/** Matrices in memory: the address of the first, and whether they lie there transposed. */
export interface Operand {
  readonly address: number
  readonly transposed: boolean
  /** Numbers from one matrix to the next; 0: the same for all. */
  readonly step: number
}

export interface ProductSize {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  /** How many products. */
  readonly count: number
}

/** C = A · B for row-major float32 matrices at addresses of the module's memory; those of C lie one after the other. */
export type MatrixProduct = (a: Operand, b: Operand, c: number, size: ProductSize) => void

/** Below this many multiplications a second thread costs more than it brings. */
const worthSharing = 1 << 20

type Arguments = Record<(typeof multiplyArguments)[number], number>

export function matrixProduct(simd: SimdModule, pool: ThreadPool): MatrixProduct {
  const workspaces = Array.from({ length: pool.size }, () => simd.reserve(workspaceBytes))
  return (a, b, c, { rows, columns, depth, count }) => {
    const whole: Arguments = {
      a: a.address,
      aTransposed: a.transposed ? 1 : 0,
      aStride: 4 * (a.transposed ? rows : depth),
      aStep: 4 * a.step,
      b: b.address,
      bTransposed: b.transposed ? 1 : 0,
      bStride: 4 * (b.transposed ? depth : columns),
      bStep: 4 * b.step,
      c,
      cStride: 4 * columns,
      cStep: 4 * rows * columns,
      rows,
      columns,
      depth,
      count,
      workspace: workspaces[0],
    }
    const parts = rows * columns * depth * count < worthSharing ? [whole] : share(whole, pool.size)
    pool.run(
      'multiply',
      parts.map((part, at) => multiplyArguments.map((name) => (name === 'workspace' ? workspaces[at] : part[name]))),
    )
  }
}

/** Cuts the work into like parts: by matrices where there are many, else by C's rows or columns. */
function share(whole: Arguments, threads: number): Arguments[] {
  const { rows, columns, count } = whole
  if (count >= threads) {
    return ranges(count, threads, 1).map(([first, size]) => ({
      ...whole,
      a: whole.a + first * whole.aStep,
      b: whole.b + first * whole.bStep,
      c: whole.c + first * whole.cStep,
      count: size,
    }))
  }
  if (rows >= columns) {
    return ranges(rows, threads, 4).map(([first, size]) => ({
      ...whole,
      a: whole.a + first * (whole.aTransposed ? 4 : whole.aStride),
      c: whole.c + first * whole.cStride,
      rows: size,
    }))
  }
  return ranges(columns, threads, 8).map(([first, size]) => ({
    ...whole,
    b: whole.b + first * (whole.bTransposed ? whole.bStride : 4),
    c: whole.c + first * 4,
    columns: size,
  }))
}

/** At most `parts` ranges `[first, size]` that cover `total`, each but the last a multiple of `unit` long. */
function ranges(total: number, parts: number, unit: number): [number, number][] {
  const size = Math.ceil(total / parts / unit) * unit
  const all: [number, number][] = []
  for (let first = 0; first < total; first += size) all.push([first, Math.min(size, total - first)])
  return all
}
