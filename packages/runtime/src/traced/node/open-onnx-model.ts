import { availableParallelism } from 'node:os'
import { MsError } from '@ms/core'
import type { HostTensor, Inputs } from '@ms/core/tensor'
import { failure, importOrt, sessionOptions } from './ort.js'

export interface OpenOnnxModelOptions {
  /** Threads of one computation. Default: as many as the machine runs at once. */
  readonly threads?: number
  /** The files that the model's weights lie in, where they are not in the model itself, by the names it has for them. */
  readonly externalData?: ReadonlyMap<string, Uint8Array>
}

/** An ONNX file that is loaded and can be run. */
export interface OnnxModelSession {
  /** Of one computation. */
  readonly threads: number
  /**
   * One output, float32. Whole numbers are handed over as the model wants them; an input that is not given is all zeros, in the shape of
   * the first one (type ids).
   */
  run(inputs: Inputs, output: string): Promise<HostTensor<Float32Array>>
  release(): Promise<void>
}

/**
 * Loads an ONNX file with ONNX Runtime, on the CPU. It loads no TensorFlow.js.
 * @throws `engine.unusable` where onnxruntime-node is not installed or cannot be loaded, `engine.failed` for a file that it refuses
 */
export async function openOnnxModel(bytes: Uint8Array, options: OpenOnnxModelOptions = {}): Promise<OnnxModelSession> {
  const ort = await importOrt()
  const { threads = availableParallelism(), externalData } = options
  const settings = {
    ...sessionOptions({ threads }),
    ...(externalData ? { externalData: Array.from(externalData, ([path, data]) => ({ path, data })) } : {}),
  }
  const session = await ort.InferenceSession.create(bytes, settings).catch((cause: unknown) => {
    throw failure('loading an ONNX file', cause)
  })
  const tensor = (type: string, { shape, data }: HostTensor) => {
    const dims = [...shape]
    if (type === 'int64') return new ort.Tensor('int64', BigInt64Array.from(data as Int32Array, BigInt), dims)
    return type === 'int32'
      ? new ort.Tensor('int32', Int32Array.from(data), dims)
      : new ort.Tensor('float32', Float32Array.from(data), dims)
  }
  return {
    threads,
    run: async (inputs, output) => {
      const [first] = Object.values(inputs)
      const zeros = (): HostTensor => ({ shape: first.shape, data: new Int32Array(first.data.length) })
      const feeds = Object.fromEntries(
        session.inputMetadata.map((input) => [input.name, tensor('type' in input ? input.type : 'float32', inputs[input.name] ?? zeros())]),
      )
      const results = await session.run(feeds, [output]).catch((cause: unknown) => {
        throw failure('running an ONNX file', cause)
      })
      const { data, dims } = results[output]
      if (data instanceof Float32Array) return { shape: dims, data }
      throw new MsError('engine.failed', `the output '${output}' is not float32`, { kind: 'failure' })
    },
    release: () => session.release(),
  }
}
