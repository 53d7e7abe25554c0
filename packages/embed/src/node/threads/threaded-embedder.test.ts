import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { row, seededRandom } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { embedStream } from '../../embed-stream.js'
import { createEmbedder, type OwnedEmbedder } from '../../embedder.js'
import { openEncoder } from '../open-encoder.js'
import type { SnapshotEncoder } from '../snapshot/open-snapshot.js'
import { rememberFiles } from '../snapshot/remember-files.js'
import { takeSnapshot } from '../snapshot/take-snapshot.js'
import { createThreadedEmbedder } from './threaded-embedder.js'

// An int8 table, which threads make float32 together. The threads themselves run the built package.
const miniText = fileURLToPath(new URL('../../../../mini/models/ms-mini-text', import.meta.url))

let cacheDir: string
let encoder: SnapshotEncoder
beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'ms-threads-'))
  const files = rememberFiles(directoryFiles(miniText))
  const taken = await takeSnapshot(await openEncoder(files), files, { threads: 1, cacheDir })
  if (!taken) throw new Error('there is no snapshot of a table')
  encoder = taken
})
afterAll(async () => {
  await encoder.dispose()
  await rm(cacheDir, { recursive: true, force: true })
})

/** Threads that were started, and requests that were sent to them. */
let workers: Worker[]
let requests = 0
const note = (worker: Worker) => {
  workers.push(worker)
  const send = worker.postMessage.bind(worker)
  worker.postMessage = (...message: Parameters<typeof send>) => {
    requests++
    send(...message)
  }
}
beforeEach(() => {
  workers = []
  requests = 0
  process.on('worker', note)
})
afterEach(() => process.off('worker', note))

const random = seededRandom(5)
const syllables = 'ka lo mi re tu sen vor pal din gro'.split(' ')
const word = () => syllables[random.integer(10)] + syllables[random.integer(10)]
const texts = Array.from({ length: 5000 }, (_, i) => (i % 97 === 0 ? '' : Array.from({ length: 1 + random.integer(12) }, word).join(' ')))

/** Embeds a few texts again and again until threads do it. */
async function inThreads(embedder: OwnedEmbedder<string>): Promise<OwnedEmbedder<string>> {
  while (requests === 0) {
    await embedder.embed(texts.slice(0, 100))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return embedder
}

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength)
const sameBits = (a: Float32Array, b: Float32Array) => bytes(a).equals(bytes(b))

const two = { threads: 2, textsBeforeThreads: 0 }

describe('createThreadedEmbedder', () => {
  it.each([{}, { truncateDim: 100, normalize: true }, { precision: 'int8' }, { precision: 'binary' }] as const)(
    'gives the vectors of one thread, to the bit and in order: %o',
    async (options) => {
      const alone = await createEmbedder(encoder, options)
      const threaded = await inThreads(await createThreadedEmbedder(encoder, { ...two, ...options }))
      expect([threaded.dim, threaded.space]).toEqual([alone.dim, alone.space])
      const before = requests
      let last = { done: 0, total: 0 }
      const onProgress = (progress: typeof last) => {
        expect(progress.done).toBeGreaterThan(last.done)
        last = progress
      }
      const found = await threaded.embed(texts, { role: 'query', onProgress })
      expect(requests - before).toBe(5)
      expect(last).toMatchObject({ done: texts.length, total: texts.length })
      expect(found).toMatchObject({ count: texts.length, dim: alone.dim })
      expect(sameBits(found.data, (await alone.embed(texts, { role: 'query' })).data)).toBe(true)
      await threaded.dispose()
    },
  )

  it('starts no thread for few texts, nor for one thread', async () => {
    const few = await createThreadedEmbedder(encoder, { threads: 2 })
    await few.embed(texts)
    const alone = await createThreadedEmbedder(encoder, { ...two, threads: 1 })
    await alone.embed(texts)
    expect(workers).toHaveLength(0)
    expect(alone.concurrency).toBeUndefined()
    await few.dispose()
    await alone.dispose()
  })

  it('embeds several calls at a time, few texts meanwhile in this thread', async () => {
    const threaded = await inThreads(await createThreadedEmbedder(encoder, two))
    const before = requests
    const [all, single, part] = await Promise.all([
      threaded.embed(texts),
      threaded.embed([texts[7]]),
      threaded.embed(texts.slice(1000, 3000)),
    ])
    expect(requests - before).toBe(7)
    expect(row(single, 0)).toEqual(row(all, 7))
    expect(sameBits(part.data, all.data.subarray(1000 * all.dim, 3000 * all.dim))).toBe(true)
    await threaded.dispose()
  })

  it('streams, reading three chunks beside the one that it gives', async () => {
    const threaded = await inThreads(await createThreadedEmbedder(encoder, two))
    const whole = await (await createEmbedder(encoder)).embed(texts)
    let read = 0
    let given = 0
    const source = function* () {
      for (const text of texts) {
        expect(read++ - given).toBeLessThan(4 * 500)
        yield text
      }
    }
    for await (const { vectors } of embedStream(threaded, source(), { chunkItems: 500 })) {
      expect(sameBits(vectors.data, whole.data.subarray(given * whole.dim, (given + vectors.count) * whole.dim))).toBe(true)
      given += vectors.count
    }
    expect(given).toBe(texts.length)
    await threaded.dispose()
  })

  it('stops when it is told to, and can be used again', async () => {
    const threaded = await inThreads(await createThreadedEmbedder(encoder, two))
    const stop = new AbortController()
    const running = threaded.embed([...texts, ...texts], { signal: stop.signal, onProgress: () => stop.abort() })
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect((await threaded.embed(texts)).count).toBe(texts.length)
    await threaded.dispose()
  })

  it('says what is wrong with an item as one thread does', async () => {
    const threaded = await inThreads(await createThreadedEmbedder(encoder, two))
    for (const wrong of [null, () => 'no text']) {
      const items = texts.with(3000, wrong as unknown as string)
      await expect(threaded.embed(items)).rejects.toMatchObject({ code: 'encoder.item' })
    }
    expect((await threaded.embed(texts)).count).toBe(texts.length)
    await threaded.dispose()
  })

  it('says that a thread has ended, when one dies', async () => {
    const threaded = await inThreads(await createThreadedEmbedder(encoder, two))
    const running = threaded.embed([...texts, ...texts])
    void workers[0].terminate()
    await expect(running).rejects.toMatchObject({ code: 'embed.thread-ended', kind: 'failure' })
    await expect(threaded.embed(texts)).rejects.toMatchObject({ code: 'embed.thread-ended' })
    await threaded.dispose()
  })

  it('ends its threads when it is disposed of, whether they are ready or not', async () => {
    for (const threaded of [await createThreadedEmbedder(encoder, two), await inThreads(await createThreadedEmbedder(encoder, two))]) {
      const running = threaded.embed([...texts, ...texts])
      running.catch(() => undefined)
      await threaded.dispose()
      await expect(running).rejects.toMatchObject({ code: 'embed.disposed' })
      await expect(threaded.embed(texts)).rejects.toMatchObject({ code: 'embed.disposed' })
    }
    expect(workers.map(({ threadId }) => threadId)).toEqual([-1, -1, -1, -1])
  })
})
