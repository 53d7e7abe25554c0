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
  const chunks = chunksOf(source, chunkItems, options.signal)
  let reading: Promise<unknown> = Promise.resolve()
  let done = 0
  /** Reads the next chunk when the one before is read, and embeds it beside others. */
  const next = (): Promise<EmbeddedChunk<Item> | undefined> => {
    const read = reading.then(() => chunks.next())
    reading = read
    const embedded = read.then(async ({ value: items }) => items && { items, vectors: await embedder.embed(items, options) })
    // It may fail before it is waited for.
    embedded.catch(() => undefined)
    return embedded
  }
  const coming = Array.from({ length: embedder.concurrency ?? 1 }, next)
  try {
    for (;;) {
      const chunk = await coming.shift()
      if (!chunk) return
      done += chunk.items.length
      onProgress?.({ done, total: done, unit: 'items' })
      if (coming.length > 0) coming.push(next())
      yield chunk
      if (coming.length === 0) coming.push(next())
    }
  } finally {
    await Promise.allSettled(coming)
    await chunks.return(undefined)
  }
}

async function* chunksOf<Item>(
  source: AsyncIterable<Item> | Iterable<Item>,
  chunkItems: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Item[], undefined> {
  let chunk: Item[] = []
  for await (const item of source) {
    signal?.throwIfAborted()
    chunk.push(item)
    if (chunk.length < chunkItems) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
