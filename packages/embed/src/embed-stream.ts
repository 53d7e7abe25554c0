import type { Embedder, EmbedOptions, Vectors } from '@ms/core'

export interface EmbedStreamOptions extends EmbedOptions {
  /** Items that are embedded together; more sort better into batches, fewer come sooner. Default: 1024. */
  chunkItems?: number
}

/** Items with their vectors, in the order they came. */
export interface EmbeddedChunk<Item> {
  readonly items: readonly Item[]
  /** `[items.length, dim]` */
  readonly vectors: Vectors
}

/**
 * Embeds items as they come, a chunk at a time: a collection of any size passes through in the memory of one chunk.
 * `onProgress` counts what is done; the total grows with what has been read.
 *
 * @example
 * ```ts
 * import type { Embedder } from '@ms/core'
 * import { embedStream } from '@ms/embed'
 *
 * export async function count(embedder: Embedder, lines: AsyncIterable<string>): Promise<number> {
 *   let total = 0
 *   for await (const { vectors } of embedStream(embedder, lines)) total += vectors.count
 *   return total
 * }
 * ```
 */
export async function* embedStream<Item>(
  embedder: Embedder<Item>,
  source: AsyncIterable<Item> | Iterable<Item>,
  { chunkItems = 1024, onProgress, ...options }: EmbedStreamOptions = {},
): AsyncGenerator<EmbeddedChunk<Item>> {
  let done = 0
  const embed = async (items: readonly Item[]): Promise<EmbeddedChunk<Item>> => {
    const vectors = await embedder.embed(items, options)
    done += items.length
    onProgress?.({ done, total: done, unit: 'items' })
    return { items, vectors }
  }
  let chunk: Item[] = []
  for await (const item of source) {
    options.signal?.throwIfAborted()
    chunk.push(item)
    if (chunk.length < chunkItems) continue
    yield await embed(chunk)
    chunk = []
  }
  if (chunk.length > 0) yield await embed(chunk)
}
