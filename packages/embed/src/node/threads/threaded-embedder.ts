import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { type EmbedOptions, MsError, type Vectors, vectors } from '@ms/core'
import { createEmbedder, type EmbedderOptions, type OwnedEmbedder } from '../../embedder.js'
import { withCache } from '../../vector-cache.js'
import { tableMemory } from '../snapshot/lazy-table.js'
import type { EncoderSource, SnapshotEncoder } from '../snapshot/open-snapshot.js'
import { type Place, TextThreads } from './text-threads.js'
import type { ThreadData } from './thread-messages.js'

export interface ThreadedEmbedderOptions extends Omit<EmbedderOptions, 'engine'> {
  /** Threads that embed, beside this one. 1: this one alone. Default: as many as the machine runs at once, at most 8. */
  readonly threads?: number
  /** Texts that are embedded in this thread before others are started: that takes as long as ten or twenty thousand texts. Default: 32,768. */
  readonly textsBeforeThreads?: number
}

/** This thread hands out texts and takes in vectors, which takes a twelfth of the time that embedding them takes. */
const mostThreads = 8
/** Texts of a request. */
const sliceTexts = 1024
/** Fewer texts are embedded here. */
const fewTexts = 64

/**
 * `createEmbedder` for many texts: an encoder that is a table is computed in plain JavaScript, so texts are dealt out to threads, each of which
 * does all that there is to do with its own. The vectors are the same to the bit. Few texts start no thread; those that come while threads
 * start are embedded in this one. A network has threads of its own.
 *
 * @throws from `embed`, besides what that of `createEmbedder` throws: `embed.thread-ended` when a thread dies
 * @example
 * ```ts
 * import { directoryFiles } from '@ms/core/node'
 * import { createThreadedEmbedder, embedStream, openSnapshot, rememberFiles } from '@ms/embed/node/serve'
 *
 * export async function count(folder: string, lines: AsyncIterable<string>): Promise<number> {
 *   const encoder = await openSnapshot(rememberFiles(directoryFiles(folder)))
 *   if (!encoder) return 0
 *   const embedder = await createThreadedEmbedder(encoder, { threads: 4 })
 *   let total = 0
 *   for await (const { vectors } of embedStream(embedder, lines)) total += vectors.count
 *   await embedder.dispose()
 *   return total
 * }
 * ```
 */
export async function createThreadedEmbedder(
  encoder: SnapshotEncoder,
  options: ThreadedEmbedderOptions = {},
): Promise<OwnedEmbedder<string>> {
  const { threads = Math.min(availableParallelism(), mostThreads), textsBeforeThreads = 32_768, cache, ...settings } = options
  const here = await createEmbedder(encoder, settings)
  const { source } = encoder
  const script = source && threads > 1 ? threadScript() : undefined
  if (!source || !script) return cache ? withCache(here, cache) : here
  const { dim } = here
  const running = new Set<Promise<unknown>>()
  let seen = 0
  let others: TextThreads | undefined
  let disposed = false

  /** The other threads, if there is enough to do and they can do it. @throws `embed.thread-ended`, `embed.disposed` */
  const takers = (count: number): TextThreads | undefined => {
    if (disposed) throw new MsError('embed.disposed', 'this embedder was disposed of')
    seen += count
    if (seen > textsBeforeThreads)
      others ??= new TextThreads(script, threadData(source, settings), { count: threads, numbers: sliceTexts * dim })
    if (others?.failure) throw others.failure
    return others?.isReady && count >= fewTexts ? others : undefined
  }

  /** Deals texts out. Undefined where a thread could not embed them. */
  const embedSlices = async (
    texts: readonly string[],
    { role = 'document', signal, onProgress }: EmbedOptions,
  ): Promise<Vectors | undefined> => {
    const data = new Float32Array(texts.length * dim)
    const tasks: Promise<boolean>[] = []
    let done = 0
    const embedSlice = async (slice: readonly string[], into: Float32Array, place: Place, taker: TextThreads) => {
      const embedded = await taker.embed(place, { texts: slice, role }, into)
      if (embedded) report(slice.length)
      return embedded
    }
    const report = (count: number) => {
      done += count
      onProgress?.({ done, total: texts.length, unit: 'items' })
    }
    signal?.throwIfAborted()
    try {
      for (let start = 0; start < texts.length; start += sliceTexts) {
        signal?.throwIfAborted()
        const slice = texts.slice(start, start + sliceTexts)
        const into = data.subarray(start * dim, (start + slice.length) * dim)
        const taker = takers(slice.length)
        if (taker) {
          tasks.push(embedSlice(slice, into, await taker.place(), taker))
        } else {
          into.set((await here.embed(slice, { role, signal })).data)
          report(slice.length)
          // Embedding here lets no message in: that threads can begin would not be heard of.
          if (others) await setImmediate()
        }
      }
    } finally {
      await Promise.allSettled(tasks)
    }
    return (await Promise.all(tasks)).every(Boolean) ? vectors(data, texts.length, dim) : undefined
  }

  const embedder: OwnedEmbedder<string> = {
    ...here,
    concurrency: threads + 1,
    embed: async (texts, options = {}) => {
      // What is wrong is told of the whole.
      const embedding = embedSlices(texts, options).then((found) => found ?? here.embed(texts, options))
      running.add(embedding)
      return embedding.finally(() => running.delete(embedding))
    },
    dispose: async () => {
      disposed = true
      await Promise.allSettled(running)
      await others?.end()
      await here.dispose()
    },
  }
  return cache ? withCache(embedder, cache) : embedder
}

/** Where the program of a thread lies. Undefined where it does not come with this one (in a bundle): texts are embedded in one thread then. */
function threadScript(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@ms/embed/node/embed-thread')
  } catch {
    return undefined
  }
}

/** Threads share the table as it is in its file, and its rows in float32 as they become so. */
function threadData({ record, files }: EncoderSource, options: ThreadData['options']): ThreadData {
  const contents = new Map(files.contents)
  const { file, count, width } = record.body as Extract<typeof record.body, { kind: 'table' }>
  const bytes = files.contents.get(file)
  if (bytes) {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
    shared.set(bytes)
    contents.set(file, shared)
  }
  return { record, location: files.location, contents, memory: tableMemory({ count, width }, SharedArrayBuffer), options }
}
