import {
  assertFinite,
  type BlockScorer,
  blockScorer,
  type Hit,
  type Metric,
  MsError,
  type VectorIndex,
  type VectorSearchOptions,
  type Vectors,
} from '@ms/core'
import { checkIds } from '../ranking/check-ids.js'
import { checkK } from '../ranking/check-k.js'
import { grown } from '../ranking/grown.js'
import { HitHeap } from '../ranking/hit-heap.js'

export interface ExactVectorIndexOptions {
  /** Numbers a vector has, 1 to 65,536. */
  dim: number
  /** Default: `cosine`. */
  metric?: Metric
  /** Of the embedder that makes the vectors, so that a search can refuse queries of another. */
  space?: string
}

/** The whole state of an exact index. */
export interface VectorSnapshot {
  readonly ids: readonly string[]
  /** `[ids.length, dim] float32`; of length 1 under `cosine`. */
  readonly vectors: Vectors
  readonly metric: Metric
  readonly space?: string
}

export interface ExactVectorIndex extends VectorIndex {
  readonly space?: string
  /** All ids, in no particular order; a copy. */
  ids(): string[]
  /** The vector of an id, `[dim] float32`, of length 1 under `cosine`; a copy. */
  vector(id: string): Float32Array | undefined
  /** A copy of everything: what `@ms/index/node` saves. */
  snapshot(): VectorSnapshot
}

const metrics: readonly Metric[] = ['cosine', 'dot', 'l2']
const largestDim = 65_536
/** After so many milliseconds of work others get a turn, and an abort is noticed. */
const turn = 50

/**
 * Finds the true nearest vectors by looking at all of them, with a SIMD kernel: 20,000 vectors of 384 numbers in about 3 ms, several
 * queries at once in a third of that each. Under `cosine` the vectors are kept at length 1; a zero vector has the cosine 0 to all.
 * A batch that has an id twice keeps the last.
 * @throws `index.option` for a wrong dim or metric; from its methods `index.id`, `index.count`, `index.dim`, `vectors.shape`,
 * `vectors.not-finite`, `search.k`
 * @example
 * ```ts
 * import { vectors } from '@ms/core'
 * import { exactVectorIndex } from '@ms/index'
 * const index = exactVectorIndex({ dim: 2, metric: 'cosine' })
 * await index.upsert(['east', 'north'], vectors(Float32Array.of(1, 0, 0, 1), 2, 2))
 * const [hits] = await index.search(vectors(Float32Array.of(2, 1), 1, 2), { k: 1 }) // [{ id: 'east', score: 0.894… }]
 * ```
 */
export function exactVectorIndex(options: ExactVectorIndexOptions): ExactVectorIndex {
  return exactVectorIndexFrom(undefined, options)
}

/** An index with what a snapshot holds, whose array it takes over. Trusts it: it must be checked where it comes from outside. */
export function exactVectorIndexFrom(
  snapshot: VectorSnapshot | undefined,
  { dim, metric = 'cosine', space }: ExactVectorIndexOptions,
): ExactVectorIndex {
  if (!Number.isInteger(dim) || dim < 1 || dim > largestDim) {
    throw new MsError('index.option', `dim is ${dim}`, { where: 'dim', advice: `Give a whole number from 1 to ${largestDim}.` })
  }
  if (!metrics.includes(metric)) {
    throw new MsError('index.option', `there is no metric ${metric}`, { where: 'metric', advice: `Choose one of ${metrics.join(', ')}.` })
  }
  const ids: string[] = snapshot ? [...snapshot.ids] : []
  const rowOf = new Map(ids.map((id, row) => [id, row]))
  let data = snapshot ? snapshot.vectors.data : new Float32Array(0)
  /** Counts changes, so that a search that paused sees that rows have moved. */
  let version = 0
  let scorer: BlockScorer | undefined

  const check = (given: Vectors, names?: readonly string[]) => {
    if (given.dim !== dim) {
      throw new MsError('index.dim', `vectors of ${given.dim} numbers in an index of ${dim}`, {
        advice: 'Embed with the model that the index was made with, or make a new index.',
      })
    }
    if (given.data.length !== given.count * dim) {
      throw new MsError('vectors.shape', `${given.data.length} numbers are not ${given.count} vectors of ${dim}`)
    }
    assertFinite(given, names)
  }

  /** Copies `[dim]` numbers, at length 1 under `cosine`. Summed in double precision: neither large nor tiny vectors are lost. */
  const copyRow = (from: Float32Array, at: number, to: Float32Array, target: number) => {
    if (metric !== 'cosine') {
      to.set(from.subarray(at, at + dim), target)
      return
    }
    let sum = 0
    for (let i = at; i < at + dim; i++) sum += from[i] * from[i]
    const length = Math.sqrt(sum) || 1
    for (let i = 0; i < dim; i++) to[target + i] = from[at + i] / length
  }

  /** Puts rows into the scorer: `chosen[from…]`, or the rows `from…` themselves. */
  const fill = ({ rows, stride }: BlockScorer, from: number, count: number, chosen?: Uint32Array) => {
    if (!chosen && stride === dim) rows.set(data.subarray(from * dim, (from + count) * dim))
    else {
      for (let i = 0; i < count; i++) {
        const row = chosen ? chosen[from + i] : from + i
        rows.set(data.subarray(row * dim, (row + 1) * dim), i * stride)
      }
    }
  }

  /** Undefined when rows moved while others had their turn. */
  const run = async (queries: Vectors, options: VectorSearchOptions, mayPause: boolean): Promise<Hit[][] | undefined> => {
    const { k, allow, signal } = options
    const started = version
    // Few allowed: gather their rows. Many: look at all rows and ask on the way into the best k.
    const chosen = allow && allow.size < ids.length / 2 ? rowsOf(allow, rowOf) : undefined
    const total = chosen ? chosen.length : ids.length
    const heaps = Array.from({ length: queries.count }, () => new HitHeap(Math.min(k, total), ids))
    if (total === 0) return heaps.map(() => [])
    scorer ??= blockScorer(dim, metric === 'l2' ? 'l2' : 'dot')
    const sign = metric === 'l2' ? -1 : 1
    const { rowCapacity, queryCapacity, stride } = scorer
    let since = performance.now()
    for (let first = 0; first < queries.count; first += queryCapacity) {
      const group = Math.min(queryCapacity, queries.count - first)
      const place = (block: BlockScorer) => {
        for (let q = 0; q < group; q++) copyRow(queries.data, (first + q) * dim, block.queries, q * stride)
      }
      place(scorer)
      for (let from = 0; from < total; from += rowCapacity) {
        const count = Math.min(rowCapacity, total - from)
        fill(scorer, from, count, chosen)
        scorer.score(count, group)
        for (let q = 0; q < group; q++) {
          const heap = heaps[first + q]
          for (let i = 0, at = q * rowCapacity; i < count; i++, at++) {
            const score = sign * scorer.scores[at]
            if (score < heap.threshold) continue
            const row = chosen ? chosen[from + i] : from + i
            if (!allow || chosen || allow.has(ids[row])) heap.offer(row, score)
          }
        }
        if (mayPause && performance.now() - since > turn) {
          await new Promise((resolve) => setTimeout(resolve))
          signal?.throwIfAborted()
          if (version !== started) return undefined
          place(scorer) // another search may have used it
          since = performance.now()
        }
      }
    }
    // Before anything else may run: rows must still be where they were.
    return heaps.map((heap) => {
      const hits = heap.hits()
      return metric === 'l2' ? hits.map(({ id, score }) => ({ id, score: 0 - Math.sqrt(-score) })) : hits
    })
  }

  return {
    dim,
    metric,
    exact: true,
    ...(space === undefined ? {} : { space }),
    get size() {
      return ids.length
    },

    async upsert(names: readonly string[], given: Vectors) {
      checkIds(names)
      if (names.length !== given.count) throw new MsError('index.count', `${names.length} ids for ${given.count} vectors`)
      check(given, names)
      const added = new Set(names.filter((id) => !rowOf.has(id)))
      data = grown(data, (ids.length + added.size) * dim)
      names.forEach((id, i) => {
        let row = rowOf.get(id)
        if (row === undefined) {
          row = ids.push(id) - 1
          rowOf.set(id, row)
        }
        copyRow(given.data, i * dim, data, row * dim)
      })
      version += 1
    },

    async remove(names: readonly string[]) {
      checkIds(names)
      let count = 0
      for (const id of names) {
        const row = rowOf.get(id)
        if (row === undefined) continue
        // The last row takes its place.
        const last = ids.length - 1
        data.copyWithin(row * dim, last * dim, (last + 1) * dim)
        ids[row] = ids[last]
        rowOf.set(ids[row], row)
        ids.pop()
        rowOf.delete(id)
        count += 1
      }
      version += 1
      return count
    },

    async search(queries: Vectors, options: VectorSearchOptions): Promise<Hit[][]> {
      options.signal?.throwIfAborted()
      checkK(options.k)
      check(queries)
      return (await run(queries, options, true)) ?? (await run(queries, options, false)) ?? []
    },

    ids: () => [...ids],

    vector(id) {
      const row = rowOf.get(id)
      return row === undefined ? undefined : data.slice(row * dim, (row + 1) * dim)
    },

    snapshot: () => ({
      ids: [...ids],
      vectors: { data: data.slice(0, ids.length * dim), count: ids.length, dim },
      metric,
      ...(space === undefined ? {} : { space }),
    }),
  }
}

function rowsOf(allow: ReadonlySet<string>, rowOf: ReadonlyMap<string, number>): Uint32Array {
  const rows: number[] = []
  for (const id of allow) {
    const row = rowOf.get(id)
    if (row !== undefined) rows.push(row)
  }
  return Uint32Array.from(rows)
}
