import { Worker } from 'node:worker_threads'
import type { WasmHost } from '../eager/wasm/wasm-backend.js'

/** Threads of Node for the wasm engine. */
export const nodeWasmHost: WasmHost = {
  startModule: (shared, start) => withoutTraces(() => (shared ? withoutItsThreads(start) : start())),
  startThread: (script, data) => {
    // Without the flags of the main thread: they may say how to read or instrument its scripts.
    const worker = new Worker(script, { eval: true, workerData: data, execArgv: [] })
    const ready = new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve())
      worker.once('error', reject)
    })
    // A thread that waits for work keeps no process alive.
    void ready.then(
      () => worker.unref(),
      () => {},
    )
    return { ready, terminate: () => void worker.terminate() }
  },
}

/**
 * Emscripten's start code makes every uncaught error of the process its own affair (rethrown from its minified line).
 * Takes away the listeners that were added meanwhile.
 */
async function withoutTraces<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')))
  try {
    return await start()
  } finally {
    events.forEach((event, at) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[at].has(listener)) process.removeListener(event, listener)
      }
    })
  }
}

/**
 * The module with shared memory starts eight threads of its own, from a blob URL, which Node's threads cannot load. We
 * want its memory, not its threads: while it starts, what it takes for threads only says that it has loaded.
 */
async function withoutItsThreads<T>(start: () => Promise<T>): Promise<T> {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker')
  Object.defineProperty(globalThis, 'Worker', { configurable: true, get: () => IdleWorker, set: () => {} })
  try {
    return await start()
  } finally {
    if (before) Object.defineProperty(globalThis, 'Worker', before)
    else Reflect.deleteProperty(globalThis, 'Worker')
  }
}

/** The part of a thread that the start code looks at. */
class IdleWorker {
  readonly #listeners: ((message: unknown) => void)[] = []

  on(event: string, listener: (message: unknown) => void): void {
    if (event === 'message') this.#listeners.push(listener)
  }

  postMessage(message: { cmd?: string }): void {
    if (message.cmd !== 'load') return
    queueMicrotask(() => {
      for (const listener of this.#listeners) listener({ cmd: 'loaded' })
    })
  }

  unref(): void {}

  terminate(): void {}
}
