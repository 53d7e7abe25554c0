import { Worker } from 'node:worker_threads'
import { MsError } from '@ms/core'
import type { HostTensor } from '@ms/core/tensor'
import { encodeModel } from '../onnx/model.js'
import type { GraphRuntime, HeldTensor } from './graph-session.js'
import { HeldTensors, Releasable } from './held-tensors.js'
import { failure, loadingGraph, type OrtRuntimeOptions, refuseTelemetry, resolveOrt, sessionOptions, unusable } from './ort.js'
import { Packer } from './parcel.js'
import { type OrtAnswer, type OrtReply, type OrtRequest, serveOrt } from './serve-ort.js'

type Answer = OrtAnswer | undefined
// Distributes over the kinds of request.
type Unnumbered<R> = R extends OrtRequest ? Omit<R, 'call'> : never

/**
 * ONNX Runtime in a worker thread, so that this thread's event loop goes on while it computes. What it is given,
 * constant weights and the inputs of each run, is copied into a buffer that goes there and back; results are handed over, or stay there.
 *
 * @throws `engine.unusable`
 */
export async function openWorkerRuntime(runtime: OrtRuntimeOptions): Promise<GraphRuntime> {
  const worker = new OrtWorker()
  await worker.ready
  // What a thread had loaded or kept has gone with it.
  const tell = async (what: string, request: Unnumbered<OrtRequest>) => {
    if (!worker.ended) await worker.ask(what, request)
  }
  const held = new HeldTensors<number>((tensor) => void tell('giving a tensor back', { kind: 'drop', tensor }).catch(() => undefined))
  let sessions = 0
  return {
    threads: runtime.threads,
    load: async (model, weights, hold = []) => {
      const session = sessions++
      const parcel = worker.packer.pack(new Map(Array.from(weights, ([name, data]) => [name, { shape: [data.length], data }])))
      const request = {
        kind: 'load',
        session,
        model: encodeModel(model),
        weights: parcel,
        options: sessionOptions(runtime, hold),
        hold,
      } as const
      await worker.ask(loadingGraph, request, [parcel.buffer])
      const releasable = new Releasable(() => tell('releasing a recorded graph', { kind: 'release', session }))
      return {
        run: async (feeds) => {
          const given = new Map<string, HostTensor>()
          const there: [string, number][] = []
          for (const [name, value] of feeds) {
            if ('data' in value) given.set(name, value)
            else there.push([name, held.get(value)])
          }
          const parcel = worker.packer.pack(given)
          const request = { kind: 'run', session, feeds: parcel, held: there } as const
          const answer = await worker.ask('running a recorded graph', request, [parcel.buffer])
          const kept = Array.from(answer?.held ?? [], ([name, { tensor, shape }]): [string, HeldTensor] => [
            name,
            held.hold(tensor, shape, releasable),
          ])
          return { results: answer?.results ?? new Map(), held: new Map(kept) }
        },
        release: () => releasable.release(),
      }
    },
    held: () => held.count(),
    dispose: () => worker.end(),
  }
}

const advice = 'Start again; a training goes on from its last checkpoint with --resume.'

class OrtWorker {
  /** Settles when ONNX Runtime is loaded, or cannot be. */
  readonly ready: Promise<void>
  /** Of what is sent there. */
  readonly packer = new Packer()
  readonly #worker: Worker
  readonly #pending = new Map<number, { what: string; resolve(answer: Answer): void; reject(error: unknown): void }>()
  #calls = 0
  #ended?: MsError

  constructor() {
    refuseTelemetry()
    this.#worker = new Worker(workerSource(), { eval: true })
    this.ready = new Promise((resolve, reject) => {
      this.#worker.once('message', (failure: string | null) => (failure === null ? resolve() : reject(unusable(failure))))
      this.#worker.once('error', (error) => reject(unusable(error)))
    })
    this.ready.then(
      () => {
        this.#worker.on('message', (reply: OrtReply) => this.#settle(reply))
        // Only a computation keeps the process alive.
        this.#worker.unref()
      },
      () => this.#worker.terminate(),
    )
    this.#worker.on('error', (cause) =>
      this.#fail(new MsError('engine.failed', `the thread that computes has failed: ${cause.message}`, { advice, kind: 'failure', cause })),
    )
    this.#worker.on('exit', () =>
      this.#fail(new MsError('engine.failed', 'the thread that computes has ended', { advice, kind: 'failure' })),
    )
  }

  /**
   * @param what it is, for an error message
   * @param handed buffers in the request that are handed over
   */
  ask(what: string, request: Unnumbered<OrtRequest>, handed: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended)
    const call = this.#calls++
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { what, resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage({ ...request, call }, handed)
    })
  }

  get ended(): boolean {
    return this.#ended !== undefined
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(reply: OrtReply): void {
    const pending = this.#pending.get(reply.call)
    this.#pending.delete(reply.call)
    if (reply.parcel) this.packer.recycle(reply.parcel)
    if (this.#pending.size === 0) this.#worker.unref()
    if ('error' in reply) pending?.reject(failure(pending.what, reply.error))
    else pending?.resolve(reply.answer)
  }

  #fail(error: MsError): void {
    this.#ended ??= error
    for (const { reject } of this.#pending.values()) reject(this.#ended)
    this.#pending.clear()
  }
}

/** A program of its own: it loads ONNX Runtime from where this package finds it, says how that went, and serves. */
function workerSource(): string {
  let path: string
  try {
    path = resolveOrt()
  } catch (cause) {
    throw MsError.isInstance(cause) ? cause : unusable(cause)
  }
  return `
    const { parentPort } = require('node:worker_threads')
    // Compilers that keep the names of functions (esbuild) call this in the text of serveOrt.
    const __name = (value) => value
    let ort
    try {
      ort = require(${JSON.stringify(path)})
      parentPort.postMessage(null)
    } catch (error) {
      parentPort.postMessage(String(error.message))
    }
    if (ort) (${serveOrt.toString()})(ort, parentPort)
  `
}
