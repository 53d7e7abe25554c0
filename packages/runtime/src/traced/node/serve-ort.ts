import type { MessagePort } from 'node:worker_threads'
import type { HostTensor } from '@ms/core/tensor'
import type { InferenceSession } from 'onnxruntime-node'
import type { Ort } from './ort.js'
import type { Parcel } from './parcel.js'

/** What the main thread asks for. */
export type OrtRequest =
  | {
      readonly call: number
      readonly kind: 'load'
      readonly session: number
      readonly model: Uint8Array
      readonly weights: Parcel
      readonly options: InferenceSession.SessionOptions
      /** Names of the outputs that stay here. */
      readonly hold: readonly string[]
    }
  | {
      readonly call: number
      readonly kind: 'run'
      readonly session: number
      readonly feeds: Parcel
      /** Inputs that have stayed here: name, number. */
      readonly held: readonly (readonly [string, number])[]
    }
  | { readonly call: number; readonly kind: 'release'; readonly session: number }
  | { readonly call: number; readonly kind: 'drop'; readonly tensor: number }

/** What a run gives, or undefined for the other requests. */
export interface OrtAnswer {
  readonly results: ReadonlyMap<string, HostTensor>
  /** What stays here: its number and shape by the name of the output. */
  readonly held: ReadonlyMap<string, { readonly tensor: number; readonly shape: readonly number[] }>
}

/** What it is told. */
export type OrtReply =
  | { readonly call: number; readonly answer?: OrtAnswer; readonly parcel?: ArrayBuffer }
  | { readonly call: number; readonly error: string; readonly parcel?: ArrayBuffer }

/**
 * The other end of a worker that runs ONNX Runtime. Its source text is what the worker runs, so that it works from TypeScript
 * sources and from bundles alike: it must not refer to anything but its parameters and JavaScript's globals.
 */
export function serveOrt(ort: Ort, port: MessagePort): void {
  const sessions = new Map<number, { session: InferenceSession; hold: ReadonlySet<string> }>()
  const kept = new Map<number, InstanceType<Ort['Tensor']>>()
  let numbered = 0

  const answerTo = async (request: OrtRequest): Promise<OrtAnswer | undefined> => {
    if (request.kind === 'load') {
      const { buffer, contents } = request.weights
      // ONNX Runtime copies them.
      const externalData = contents.map(({ name, offset, length }) => ({ path: name, data: new Uint8Array(buffer, offset, 4 * length) }))
      const session = await ort.InferenceSession.create(request.model, { ...request.options, externalData })
      sessions.set(request.session, { session, hold: new Set(request.hold) })
      return undefined
    }
    if (request.kind === 'drop') {
      kept.get(request.tensor)?.dispose()
      kept.delete(request.tensor)
      return undefined
    }
    const loaded = sessions.get(request.session)
    if (request.kind === 'release') {
      sessions.delete(request.session)
      await loaded?.session.release()
      return undefined
    }
    const tensors: Record<string, InstanceType<Ort['Tensor']>> = {}
    const { buffer, contents } = request.feeds
    for (const { name, type, shape, offset, length } of contents) {
      const Data = type === 'float32' ? Float32Array : type === 'int32' ? Int32Array : Uint8Array
      tensors[name] = new ort.Tensor(type, new Data(buffer, offset, length), [...shape])
    }
    for (const [name, tensor] of request.held) tensors[name] = kept.get(tensor)!
    const outputs = await loaded!.session.run(tensors)
    const results = new Map<string, HostTensor>()
    const held = new Map<string, { tensor: number; shape: readonly number[] }>()
    for (const [name, tensor] of Object.entries(outputs)) {
      if (loaded!.hold.has(name)) {
        kept.set(numbered, tensor)
        held.set(name, { tensor: numbered++, shape: tensor.dims })
        continue
      }
      const array = tensor.data as HostTensor['data']
      // An array that is a part of a buffer cannot be handed over.
      results.set(name, { shape: tensor.dims, data: array.byteLength === array.buffer.byteLength ? array : array.slice() })
    }
    return { results, held }
  }

  port.on('message', (request: OrtRequest) => {
    const { call } = request
    const parcel = request.kind === 'run' ? request.feeds.buffer : request.kind === 'load' ? request.weights.buffer : undefined
    const back = parcel ? [parcel] : []
    answerTo(request).then(
      (answer) => {
        const buffers = [...(answer?.results.values() ?? [])].map(({ data }) => data.buffer as ArrayBuffer)
        port.postMessage({ call, answer, parcel } satisfies OrtReply, [...buffers, ...back])
      },
      (error: unknown) => {
        port.postMessage({ call, error: error instanceof Error ? error.message : String(error), parcel } satisfies OrtReply, back)
      },
    )
  })
}
