import type { HostTensor } from '@ms/core/tensor'
import { hostType } from '../../host-type.js'
import { encodeModel } from '../onnx/model.js'
import type { GraphRuntime } from './graph-session.js'
import { failure, importOrt, type OrtRuntimeOptions, sessionOptions } from './ort.js'

/** ONNX Runtime in this thread. `run` blocks the event loop while it computes. @throws `engine.unusable` */
export async function openOrtRuntime(runtime: OrtRuntimeOptions): Promise<GraphRuntime> {
  const ort = await importOrt()
  return {
    threads: runtime.threads,
    load: async (model, weights) => {
      const externalData = [...weights].map(([path, { buffer, byteOffset, byteLength }]) => ({
        path,
        data: new Uint8Array(buffer, byteOffset, byteLength),
      }))
      const options = { ...sessionOptions(runtime), externalData }
      const session = await ort.InferenceSession.create(encodeModel(model), options).catch((cause: unknown) => {
        throw failure('loading a recorded graph', cause)
      })
      return {
        run: async (feeds) => {
          const tensors = Object.fromEntries(
            [...feeds].map(([name, { data, shape }]) => [name, new ort.Tensor(hostType(data), data, [...shape])]),
          )
          const results = await session.run(tensors).catch((cause: unknown) => {
            throw failure('running a recorded graph', cause)
          })
          return new Map(
            Object.entries(results).map(([name, { dims, data }]): [string, HostTensor] => [
              name,
              { shape: dims, data: data as HostTensor['data'] },
            ]),
          )
        },
        release: () => session.release(),
      }
    },
    dispose: async () => {},
  }
}
