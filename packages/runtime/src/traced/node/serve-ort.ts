import type { MessagePort } from 'node:worker_threads'
import type { HostTensor } from '@ms/core/tensor'
import type { InferenceSession } from 'onnxruntime-node'
import type { Ort } from './ort.js'

/** What the main thread asks for. */
export type OrtRequest =
  | {
      readonly call: number
      readonly kind: 'load'
      readonly session: number
      readonly model: Uint8Array
      readonly weights: ReadonlyMap<string, Float32Array>
      readonly options: InferenceSession.SessionOptions
    }
  | { readonly call: number; readonly kind: 'run'; readonly session: number; readonly feeds: ReadonlyMap<string, HostTensor> }
  | { readonly call: number; readonly kind: 'release'; readonly session: number }

/** What it is told. */
export type OrtReply =
  | { readonly call: number; readonly results?: ReadonlyMap<string, HostTensor> }
  | { readonly call: number; readonly error: string }

/**
 * The other end of a worker that runs ONNX Runtime. Its source text is what the worker runs, so that it works from TypeScript
 * sources and from bundles alike: it must not refer to anything but its parameters and JavaScript's globals.
 */
export function serveOrt(ort: Ort, port: MessagePort): void {
  const sessions = new Map<number, InferenceSession>()

  const answer = async (request: OrtRequest): Promise<ReadonlyMap<string, HostTensor> | undefined> => {
    if (request.kind === 'load') {
      const externalData = [...request.weights].map(([path, { buffer, byteOffset, byteLength }]) => ({
        path,
        data: new Uint8Array(buffer, byteOffset, byteLength),
      }))
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
    for (const [name, { data, shape }] of request.feeds) {
      const type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
      tensors[name] = new ort.Tensor(type, data, [...shape])
    }
    const results = await session!.run(tensors)
    return new Map(
      Object.entries(results).map(([name, { dims, data }]): [string, HostTensor] => {
        const array = data as HostTensor['data']
        // An array that is a part of a buffer, or whose buffer belongs to ONNX Runtime, cannot be handed over.
        return [name, { shape: dims, data: array.slice() }]
      }),
    )
  }

  port.on('message', (request: OrtRequest) => {
    answer(request).then(
      (results) => {
        const buffers = [...(results?.values() ?? [])].map(({ data }) => data.buffer as ArrayBuffer)
        port.postMessage({ call: request.call, results } satisfies OrtReply, buffers)
      },
      (error: unknown) => {
        port.postMessage({ call: request.call, error: error instanceof Error ? error.message : String(error) } satisfies OrtReply)
      },
    )
  })
}
