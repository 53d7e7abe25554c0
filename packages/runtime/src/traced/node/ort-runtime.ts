import type { HostTensor } from '@ms/core/tensor'
import type { Tensor } from 'onnxruntime-node'
import { hostType } from '../../host-type.js'
import { releaseMemory } from '../../release-memory.js'
import { encodeModel } from '../onnx/model.js'
import type { GraphRuntime, HeldTensor } from './graph-session.js'
import { HeldTensors, Releasable } from './held-tensors.js'
import { failure, importOrt, loadingGraph, type OrtRuntimeOptions, sessionOptions } from './ort.js'

/** ONNX Runtime in this thread. `run` blocks the event loop while it computes. @throws `engine.unusable` */
export async function openOrtRuntime(runtime: OrtRuntimeOptions): Promise<GraphRuntime> {
  const ort = await importOrt()
  const held = new HeldTensors<Tensor>((tensor) => tensor.dispose())
  return {
    threads: runtime.threads,
    load: async (model, weights, hold = []) => {
      const externalData = [...weights].map(([path, { buffer, byteOffset, byteLength }]) => ({
        path,
        data: new Uint8Array(buffer, byteOffset, byteLength),
      }))
      const options = { ...sessionOptions(runtime, hold), externalData }
      const session = await ort.InferenceSession.create(encodeModel(model), options).catch((cause: unknown) => {
        throw failure(loadingGraph, cause)
      })
      const stays = new Set(hold)
      const releasable = new Releasable(() => session.release())
      const tensorOf = ({ shape, data }: HostTensor) => new ort.Tensor(hostType(data), data, [...shape])
      return {
        run: async (feeds, into = new Map()) => {
          const tensors = Object.fromEntries([...feeds].map(([name, value]) => [name, 'data' in value ? tensorOf(value) : held.get(value)]))
          const places = Object.fromEntries(
            session.outputNames.map((name) => {
              const place = into.get(name)
              return [name, place ? tensorOf(place) : null]
            }),
          )
          const outputs = await session.run(tensors, places).catch((cause: unknown) => {
            throw failure('running a recorded graph', cause)
          })
          const results = new Map<string, HostTensor>()
          const kept = new Map<string, HeldTensor>()
          for (const [name, place] of into) {
            const copy = outputs[name]
            if (!copy) continue
            results.set(name, place)
            // Up to 1.30 what was written there is copied once more.
            if (copy.data !== place.data) releaseMemory([{ data: copy.data as HostTensor['data'] }])
          }
          for (const [name, tensor] of Object.entries(outputs)) {
            if (results.has(name)) continue
            if (stays.has(name)) kept.set(name, held.hold(tensor, tensor.dims, releasable))
            else results.set(name, { shape: tensor.dims, data: tensor.data as HostTensor['data'] })
          }
          return { results, held: kept }
        },
        release: () => releasable.release(),
      }
    },
    held: () => held.count(),
    dispose: async () => {},
  }
}
