import { Worker } from 'node:worker_threads'
import { MsError } from '@ms/core'
import type { ThreadAnswer, ThreadData, ThreadRequest } from './thread-messages.js'

/** Requests that a thread has at a time: one that it computes, and the next. */
const depth = 2

/** Where vectors lie on their way. */
export interface Place {
  readonly thread: TextThread
  readonly memory: Float32Array
}

/**
 * Threads that embed texts with the same table. Vectors come back in shared memory that is used again: buffers that are handed over would
 * slow down all loops over typed arrays in both threads, for good (V8 then checks each access).
 */
export class TextThreads {
  /** True once all threads can embed. */
  isReady = false
  readonly #threads: readonly TextThread[]
  readonly #free: Place[]
  readonly #waiting: ((place: Place) => void)[] = []

  /**
   * @param script path of `embed-thread`
   * @param numbers most numbers in the vectors of one request
   */
  constructor(script: string, data: ThreadData, { count, numbers }: { readonly count: number; readonly numbers: number }) {
    this.#threads = Array.from({ length: count }, () => new TextThread(script, data))
    const bytes = numbers * Float32Array.BYTES_PER_ELEMENT
    // Threads take turns, each is given its second request after all have one.
    this.#free = Array.from({ length: depth }, () =>
      this.#threads.map((thread) => ({ thread, memory: new Float32Array(new SharedArrayBuffer(bytes)) })),
    ).flat()
    void Promise.all(this.#threads.map((thread) => thread.ready)).then(
      () => {
        this.isReady = true
      },
      () => undefined,
    )
  }

  /** Why they cannot embed any more. */
  get failure(): MsError | undefined {
    return this.#threads.find(({ failure }) => failure)?.failure
  }

  /** Waits until a thread has room; whoever takes a place embeds there. */
  async place(): Promise<Place> {
    return this.#free.shift() ?? new Promise((resolve) => this.#waiting.push(resolve))
  }

  /**
   * @param into `[texts, dim]`
   * @returns whether the vectors are there: what went wrong is found out where they are embedded once more
   * @throws `embed.thread-ended`
   */
  async embed(place: Place, { texts, role }: Omit<ThreadRequest, 'out'>, into: Float32Array): Promise<boolean> {
    const out = place.memory.subarray(0, into.length)
    try {
      const done = (await place.thread.ask({ texts, role, out })) === 'done'
      if (done) into.set(out)
      return done
    } finally {
      const next = this.#waiting.shift()
      if (next) next(place)
      else this.#free.push(place)
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()))
  }
}

class TextThread {
  readonly ready: Promise<void>
  failure?: MsError
  readonly #worker: Worker
  /** Answers come in the order of requests. */
  readonly #pending: { resolve(answer: ThreadAnswer): void; reject(error: MsError): void }[] = []

  constructor(script: string, workerData: ThreadData) {
    // The built program, whatever this one was started with.
    this.#worker = new Worker(script, { workerData, execArgv: [] })
    this.ready = new Promise((resolve, reject) => {
      this.#pending.push({ resolve: () => resolve(), reject })
    })
    this.#worker.on('message', (answer: ThreadAnswer) => {
      this.#pending.shift()?.resolve(answer)
      if (this.#pending.length === 0) this.#worker.unref()
    })
    this.#worker.on('error', (cause) => this.#fail(`has failed: ${cause.message}`, cause))
    this.#worker.on('exit', () => this.#fail('has ended'))
    // Only a request keeps the process alive.
    this.#worker.unref()
  }

  ask(request: ThreadRequest): Promise<ThreadAnswer> {
    if (this.failure) return Promise.reject(this.failure)
    try {
      this.#worker.postMessage(request)
    } catch {
      // An item that cannot be sent is no text.
      return Promise.resolve('failed')
    }
    this.#worker.ref()
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }))
  }

  async end(): Promise<void> {
    // Node 20 may take no note of a thread's end where nothing else keeps the process alive: it would exit with this promise pending.
    const awake = setInterval(() => undefined, 1000)
    await this.#worker.terminate().finally(() => clearInterval(awake))
  }

  #fail(what: string, cause?: unknown): void {
    this.failure ??= new MsError('embed.thread-ended', `a thread that embeds texts ${what}`, {
      advice: 'Start again; in one thread (--threads 1) less memory is needed.',
      kind: 'failure',
      cause,
    })
    for (const { reject } of this.#pending.splice(0)) reject(this.failure)
  }
}
