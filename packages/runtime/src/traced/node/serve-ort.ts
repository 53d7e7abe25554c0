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
    }
  | { readonly call: number; readonly kind: 'run'; readonly session: number; readonly feeds: Parcel }
  | { readonly call: number; readonly kind: 'release'; readonly session: number }

/** What it is told. */
export type OrtReply =
  | { readonly call: number; readonly results?: ReadonlyMap<string, HostTensor>; readonly parcel?: ArrayBuffer }
  | { readonly call: number; readonly error: string; readonly parcel?: ArrayBuffer }

/**
 * The other end of a worker that runs ONNX Runtime. Its source text is what the worker runs, so that it works from TypeScript
 * sources and from bundles alike: it must not refer to anything but its parameters and JavaScript's globals.
 */
export function serveOrt(ort: Ort, port: MessagePort): void {
  const sessions = new Map<number, InferenceSession>()

  const answer = async (request: OrtRequest): Promise<ReadonlyMap<string, HostTensor> | undefined> => {
    if (request.kind === 'load') {
      const { buffer, contents } = request.weights
      // ONNX Runtime copies them.
      const externalData = contents.map(({ name, offset, length }) => ({ path: name, data: new Uint8Array(buffer, offset, 4 * length) }))
      sessions.set(request.session, await ort.InferenceSession.create(request.model, { ...request.options, externalData }))
      return undefined
    }
    const session = sessions.get(request.session)
    if (request.kind === 'release') {
      sessions.delete(request.session)
      await session?.release()
      return undefined
    }
    const tensors: Record<string, InstanceType<Ort['Tensor']>> = {}
    const { buffer, contents } = request.feeds
    for (const { name, type, shape, offset, length } of contents) {
      const Data = type === 'float32' ? Float32Array : type === 'int32' ? Int32Array : Uint8Array
      tensors[name] = new ort.Tensor(type, new Data(buffer, offset, length), [...shape])
    }
    const results = await session!.run(tensors)
    return new Map(
      Object.entries(results).map(([name, { dims, data }]): [string, HostTensor] => {
        const array = data as HostTensor['data']
        // An array that is a part of a buffer cannot be handed over.
        return [name, { shape: dims, data: array.byteLength === array.buffer.byteLength ? array : array.slice() }]
      }),
    )
  }

  port.on('message', (request: OrtRequest) => {
    const { call } = request
    const parcel = request.kind === 'run' ? request.feeds.buffer : request.kind === 'load' ? request.weights.buffer : undefined
    const back = parcel ? [parcel] : []
    answer(request).then(
      (results) => {
        const buffers = [...(results?.values() ?? [])].map(({ data }) => data.buffer as ArrayBuffer)
        port.postMessage({ call, results, parcel } satisfies OrtReply, [...buffers, ...back])
      },
      (error: unknown) => {
        port.postMessage({ call, error: error instanceof Error ? error.message : String(error), parcel } satisfies OrtReply, back)
      },
    )
  })
}
