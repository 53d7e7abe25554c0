import { type Embedder, type EmbedOptions, MsError, normalizeRows, type Role, row, type Vectors, vectors } from '@ms/core'
import type { Encoder, Engine, Prepared } from '@ms/core/tensor'
import { budgetBatches } from './batches.js'
import { encoderSpace } from './encoder-space.js'
import { dequantizeBinary, dequantizeInt8, quantizeBinary, quantizeInt8 } from './quantize.js'
import { openRunner } from './runner.js'
import { type VectorCache, withCache } from './vector-cache.js'

/** How finely the components of a vector are kept. */
export type Precision = 'float32' | 'int8' | 'binary'

export interface EmbedderOptions {
  /**
   * What runs the encoder: an engine, which stays the caller's, or how to open one, which is then the embedder's own
   * and opened when it is first needed. An encoder with `direct` needs none.
   */
  engine?: Engine | (() => Promise<Engine>)
  /** Tokens in a batch, padding included. Default: the encoder's own setting, else 1024: on a CPU, what fits the cache is quicker than what is large. */
  batchTokens?: number
  /** Items in a batch at most. Default: the encoder's own setting (of pictures: about what eight of 224 × 224 need), else 256. */
  batchItems?: number
  /** Keeps the first components only (for encoders trained so that these suffice). Default: the encoder's own setting, else all. */
  truncateDim?: number
  /** Scales vectors to unit length, after truncation. Default: false, that is as the encoder makes them. */
  normalize?: boolean
  /**
   * Rounds the components: `int8` to 255 levels a vector, `binary` to their sign. The result is still float32, so that any index can
   * hold it; `quantizeInt8` and `quantizeBinary` pack it. Default: `float32`.
   */
  precision?: Precision
  /** Keeps vectors for the next time the same item comes: `vectorCache`. Default: none. */
  cache?: VectorCache
}

/** An embedder that holds an engine's memory until it is disposed of. */
export interface OwnedEmbedder<Item> extends Embedder<Item> {
  /** Gives back what it holds of the engine. It cannot embed any more. */
  dispose(): Promise<void>
}

/** Items that are tokenised, sorted and run before the next ones are looked at: bounds what lies in memory beside the result. */
const windowItems = 16_384
/** Items that are tokenised without a pause. */
const sliceItems = 512

/**
 * Turns an encoder into an embedder: items are made ready, sorted by length, run in batches of like length under a token budget, and
 * put back in order. Items that occur several times in one call are computed once.
 *
 * @throws `embed.option` for an option out of range, `embed.engine-missing` when an engine is needed and none was given; from `embed`:
 *   `embed.not-finite` naming the item whose vector holds NaN, `embed.disposed`, and the signal's own reason when it is aborted
 * @example
 * ```ts
 * import type { Encoder, Engine } from '@ms/core/tensor'
 * import { createEmbedder } from '@ms/embed'
 *
 * export async function similarity(encoder: Encoder<string>, engine: Engine, query: string, text: string): Promise<number> {
 *   const embedder = await createEmbedder(encoder, { engine, normalize: true })
 *   const a = await embedder.embed([query], { role: 'query' })
 *   const b = await embedder.embed([text])
 *   await embedder.dispose()
 *   return a.data.reduce((sum, value, i) => sum + value * b.data[i], 0)
 * }
 * ```
 */
export async function createEmbedder<Item, P extends Prepared>(
  encoder: Encoder<Item, P> & Pick<EmbedderOptions, 'truncateDim' | 'batchItems' | 'batchTokens'>,
  options: EmbedderOptions = {},
): Promise<OwnedEmbedder<Item>> {
  const { batchTokens = encoder.batchTokens ?? 1024, batchItems = encoder.batchItems ?? 256 } = options
  const { normalize = false, precision = 'float32' } = options
  positive('batchTokens', batchTokens)
  positive('batchItems', batchItems)
  if (options.truncateDim !== undefined) positive('truncateDim', options.truncateDim)
  const dim = Math.min(encoder.dim, options.truncateDim ?? encoder.truncateDim ?? encoder.dim)
  const space = await encoderSpace(encoder, { truncateDim: dim, normalize, precision })
  const runner = openRunner(encoder, options.engine)
  // Prepared pictures are large, and their cost is the same: there is nothing to sort.
  const [window, slice] = encoder.batchItems ? [4 * batchItems, batchItems] : [windowItems, sliceItems]

  /** Runs one batch and writes its finished vectors to their places. */
  const runBatch = async (prepared: readonly P[], places: Uint32Array, result: Float32Array, { unique, first }: Distinct<Item>) => {
    const raw = await runner.run(prepared)
    for (let i = 0; i < prepared.length; i++) {
      const vector = row(raw, i).subarray(0, dim)
      for (let j = 0; j < dim; j++) if (!Number.isFinite(vector[j])) throw notFinite(vector[j], unique[places[i]], first[places[i]])
      result.set(vector, places[i] * dim)
    }
  }

  const embedDistinct = async (distinct: Distinct<Item>, role: Role, done: (places: Uint32Array) => void, signal?: AbortSignal) => {
    const { unique } = distinct
    const result = new Float32Array(unique.length * dim)
    const breathe = breather()
    for (let start = 0; start < unique.length; start += window) {
      const end = Math.min(start + window, unique.length)
      const prepared: P[] = []
      for (let at = start; at < end; at += slice) {
        signal?.throwIfAborted()
        for (const each of await encoder.processor.prepare(unique.slice(at, Math.min(at + slice, end)), role)) prepared.push(each)
        await breathe()
      }
      const costs = Float64Array.from(prepared, ({ cost }) => cost)
      for (const batch of budgetBatches(costs, { tokens: batchTokens, items: batchItems })) {
        signal?.throwIfAborted()
        const places = batch.map((position) => start + position)
        const chosen = Array.from(batch, (position) => prepared[position])
        await runBatch(chosen, places, result, distinct)
        done(places)
        await breathe()
      }
    }
    return finish(vectors(result, unique.length, dim), normalize, precision)
  }

  const embedder: OwnedEmbedder<Item> = {
    dim,
    space,
    embed: async (items, { role = 'document', signal, onProgress }: EmbedOptions = {}) => {
      runner.assertAlive()
      signal?.throwIfAborted()
      const distinct = distinctItems(items)
      let done = 0
      const report = (places: Uint32Array) => {
        for (const place of places) done += distinct.occurrences[place]
        onProgress?.({ done, total: items.length, unit: 'items' })
      }
      const computed = await embedDistinct(distinct, role, report, signal)
      return distinct.unique.length === items.length ? computed : gather(computed, distinct.places)
    },
    dispose: runner.dispose,
  }
  return options.cache ? withCache(embedder, options.cache) : embedder
}

function positive(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new MsError('embed.option', `${name} must be a whole number of at least 1, and is ${value}`, { where: name })
  }
}

/** Milliseconds of work after which timers, signals and other requests have their turn. */
const turn = 20

function breather(): () => Promise<void> {
  let last = performance.now()
  return async () => {
    if (performance.now() - last < turn) return
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    last = performance.now()
  }
}

/** The items of one call without repetitions. */
interface Distinct<Item> {
  readonly unique: readonly Item[]
  /** Where each of the unique ones comes first among the items, and how often it comes. */
  readonly first: readonly number[]
  readonly occurrences: readonly number[]
  /** For each item, which of the unique ones it is. */
  readonly places: Uint32Array
}

function distinctItems<Item>(items: readonly Item[]): Distinct<Item> {
  const seen = new Map<Item, number>()
  const unique: Item[] = []
  const first: number[] = []
  const occurrences: number[] = []
  const places = new Uint32Array(items.length)
  for (let i = 0; i < items.length; i++) {
    const known = seen.get(items[i])
    places[i] = known ?? unique.length
    if (known === undefined) {
      seen.set(items[i], unique.length)
      unique.push(items[i])
      first.push(i)
      occurrences.push(1)
    } else occurrences[known]++
  }
  return { unique, first, occurrences, places }
}

function gather({ data, dim }: Vectors, places: Uint32Array): Vectors {
  const result = new Float32Array(places.length * dim)
  for (let i = 0; i < places.length; i++) result.set(data.subarray(places[i] * dim, (places[i] + 1) * dim), i * dim)
  return vectors(result, places.length, dim)
}

function finish(raw: Vectors, normalize: boolean, precision: Precision): Vectors {
  const scaled = normalize ? normalizeRows(raw) : raw
  switch (precision) {
    case 'float32':
      return scaled
    case 'int8': {
      const rounded = dequantizeInt8(quantizeInt8(scaled))
      return normalize ? normalizeRows(rounded) : rounded
    }
    case 'binary': {
      const signs = dequantizeBinary(quantizeBinary(scaled))
      // A vector that is all zeros (an empty text) says nothing, and has no signs either.
      for (let i = 0; i < raw.count; i++) if (row(scaled, i).every((value) => value === 0)) row(signs, i).fill(0)
      return signs
    }
  }
}

function notFinite(value: number, item: unknown, position: number): MsError {
  const text = typeof item === 'string' ? item : String(item)
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new MsError('embed.not-finite', `the vector of item ${position}, ${JSON.stringify(shown)}, holds ${value}`, {
    where: `item ${position}`,
    advice: 'The weights are broken or training has diverged; load an earlier checkpoint.',
    kind: 'failure',
    details: { item, position },
  })
}
