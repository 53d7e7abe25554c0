import { MsError } from '@ms/core'
import type { SimdModule } from './simd/simd-module.js'

/** A thread of the host that runs a script. */
export interface PoolThread {
  /** Resolves when the script has sent its first message. */
  readonly ready: Promise<void>
  terminate(): void
}

/** Starts a script in a thread, with `data` as its `workerData`. The thread must not keep the process alive. */
export type StartThread = (script: string, data: unknown) => PoolThread

/** Runs functions of a SIMD module on several threads at once, all on the same memory. */
export interface ThreadPool {
  /** Number of threads, with the calling one. */
  readonly size: number
  /**
   * Calls a function once with each list of whole numbers, at most `size` of them, at the same time. Returns when all have returned.
   *
   * @throws `engine.thread` when a thread failed
   */
  run(name: string, calls: readonly (readonly number[])[]): void
  dispose(): void
}

/** Only the calling thread. */
export function callerOnly({ call }: SimdModule): ThreadPool {
  return {
    size: 1,
    run: (name, calls) => {
      for (const numbers of calls) call[name](...numbers)
    },
    dispose: () => {},
  }
}

/** What a thread's slot in the shared control array holds: its state, which function, how many numbers, the numbers. */
const slotLength = 32
const [idle, busy, failed] = [0, 1, 2]
/** How often a thread looks for news before it sleeps: a sleeping one wakes up late, an eager one takes the processor from others. */
const looks = 2000

const script = `
const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
const { code, memory, control, first, names } = workerData
const call = new WebAssembly.Instance(code, { env: { memory } }).exports
parentPort.postMessage('ready')
for (;;) {
  for (let look = 0; look < ${looks} && Atomics.load(control, first) !== ${busy}; look++);
  for (let seen; (seen = Atomics.load(control, first)) !== ${busy}; ) Atomics.wait(control, first, seen)
  let state = ${idle}
  try {
    call[names[control[first + 1]]](...control.slice(first + 3, first + 3 + control[first + 2]))
  } catch {
    state = ${failed}
  }
  Atomics.store(control, first, state)
  Atomics.notify(control, first)
}
`

/** @param size number of threads, with the calling one */
export async function startThreadPool(simd: SimdModule, size: number, start: StartThread): Promise<ThreadPool> {
  const helpers = size - 1
  const control = new Int32Array(new SharedArrayBuffer(helpers * slotLength * 4))
  const names = Object.keys(simd.call)
  const threads = Array.from({ length: helpers }, (_, at) =>
    start(script, { code: simd.code, memory: simd.memory, control, first: at * slotLength, names }),
  )
  const dispose = () => {
    for (const thread of threads) thread.terminate()
  }
  try {
    await Promise.all(threads.map(({ ready }) => ready))
  } catch (error) {
    dispose()
    throw error
  }
  return {
    size,
    run: (name, [own, ...others]) => {
      others.forEach((numbers, at) => {
        const first = at * slotLength
        control[first + 1] = names.indexOf(name)
        control[first + 2] = numbers.length
        control.set(numbers, first + 3)
        Atomics.store(control, first, busy)
        Atomics.notify(control, first)
      })
      if (own) simd.call[name](...own)
      others.forEach((_, at) => {
        const first = at * slotLength
        for (let look = 0; look < looks && Atomics.load(control, first) === busy; look++);
        while (Atomics.load(control, first) === busy) Atomics.wait(control, first, busy)
        if (Atomics.load(control, first) === failed) {
          throw new MsError('engine.thread', `a thread of the wasm engine failed in ${name}`, {
            kind: 'failure',
            advice: 'Try with one thread',
          })
        }
      })
    },
    dispose,
  }
}
