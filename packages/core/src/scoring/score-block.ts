import { emitKernel, paddedTo, rowsAtOnce } from './emit-kernel.js'

/** Scores a block of rows against some queries at once. Rows and queries are put into `rows` and `queries` first. */
export interface BlockScorer {
  /** Numbers a row takes: `dim` padded with zeros. */
  readonly stride: number
  /** `[rowCapacity, stride] float32`; what stands behind `dim` in a row must stay zero. */
  readonly rows: Float32Array
  /** `[queryCapacity, stride] float32` */
  readonly queries: Float32Array
  /** `[queryCapacity, rowCapacity] float32` */
  readonly scores: Float32Array
  readonly rowCapacity: number
  readonly queryCapacity: number
  /** Fills `scores` for the first `rowCount` rows and `queryCount` queries. */
  score(rowCount: number, queryCount: number): void
}

// Half of a common second-level cache, so that a block is read from memory once for all queries.
const blockBytes = 256 * 1024
const mostQueries = 16

/** `dot`: Σ q·x. `l2`: Σ (q − x)². WebAssembly where it can be had, else the same in JavaScript. */
export function blockScorer(dim: number, kind: 'dot' | 'l2'): BlockScorer {
  const stride = Math.ceil(dim / paddedTo) * paddedTo
  const rowCapacity = Math.max(rowsAtOnce, Math.floor(blockBytes / (stride * 4) / rowsAtOnce) * rowsAtOnce)
  const sizes = [rowCapacity * stride, mostQueries * stride, mostQueries * rowCapacity]
  const layout = { stride, rowCapacity, queryCapacity: mostQueries }
  return webAssemblyScorer(layout, sizes, kind) ?? plainScorer(layout, sizes, kind)
}

type Layout = Pick<BlockScorer, 'stride' | 'rowCapacity' | 'queryCapacity'>
type Score = (rows: number, rowCount: number, queries: number, queryCount: number, out: number, outStride: number) => void

function parts(buffer: ArrayBuffer, [rows, queries, scores]: readonly number[]) {
  return {
    rows: new Float32Array(buffer, 0, rows),
    queries: new Float32Array(buffer, rows * 4, queries),
    scores: new Float32Array(buffer, (rows + queries) * 4, scores),
  }
}

function webAssemblyScorer(layout: Layout, sizes: readonly number[], kind: 'dot' | 'l2'): BlockScorer | undefined {
  try {
    const pages = Math.ceil(((sizes[0] + sizes[1] + sizes[2]) * 4) / 65536)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const instance = new WebAssembly.Instance(new WebAssembly.Module(emitKernel(layout.stride, kind)), { m: { m: memory } })
    const score = instance.exports.score as Score
    const views = parts(memory.buffer, sizes)
    const { rows, queries, scores } = views
    return {
      ...layout,
      ...views,
      score: (rowCount, queryCount) =>
        score(rows.byteOffset, rowCount, queries.byteOffset, queryCount, scores.byteOffset, layout.rowCapacity * 4),
    }
  } catch {
    // No WebAssembly with SIMD, forbidden by a content policy, or no address space left for it.
    return undefined
  }
}

/** The kernel's sums in JavaScript, for where it cannot run: about fifteen times slower. */
export function plainScorer(layout: Layout, sizes: readonly number[], kind: 'dot' | 'l2'): BlockScorer {
  const views = parts(new ArrayBuffer((sizes[0] + sizes[1] + sizes[2]) * 4), sizes)
  const { rows, queries, scores } = views
  const { stride, rowCapacity } = layout
  const sum = kind === 'dot' ? dot : squaredDistance
  return {
    ...layout,
    ...views,
    score(rowCount, queryCount) {
      for (let q = 0; q < queryCount; q++) {
        for (let r = 0; r < rowCount; r++) scores[q * rowCapacity + r] = sum(queries, q * stride, rows, r * stride, stride)
      }
    },
  }
}

function dot(x: Float32Array, at: number, y: Float32Array, from: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let i = at, j = from; j < from + length; i += 4, j += 4) {
    a += x[i] * y[j]
    b += x[i + 1] * y[j + 1]
    c += x[i + 2] * y[j + 2]
    d += x[i + 3] * y[j + 3]
  }
  return a + b + (c + d)
}

function squaredDistance(x: Float32Array, at: number, y: Float32Array, from: number, length: number): number {
  let sum = 0
  for (let i = at, j = from; j < from + length; i++, j++) {
    const difference = x[i] - y[j]
    sum += difference * difference
  }
  return sum
}
