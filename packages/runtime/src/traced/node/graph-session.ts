import type { HostTensor } from '@ms/core/tensor'
import type { OnnxModel } from '../onnx/model.js'
import type { PoolGradient } from '../passes/optimise.js'

/** A model that is loaded and can be run, wherever that happens. */
export interface GraphSession {
  /** @param feeds a tensor for each input of the model, by name; they are not changed and not kept */
  run(feeds: ReadonlyMap<string, HostTensor>): Promise<ReadonlyMap<string, HostTensor>>
  release(): Promise<void>
}

/** Loads models. */
export interface GraphRuntime {
  readonly threads: number
  /** Channels in a block of its blocked convolutions, if it has them: see passes/blocked.ts. Found out at the first call. */
  readonly block?: () => Promise<number | undefined>
  /** The form of the gradient of max pooling that its devices have. Default: `indices`. */
  readonly poolGradient?: PoolGradient
  /** @throws `engine.failed` */
  load(model: OnnxModel, weights: ReadonlyMap<string, Float32Array>): Promise<GraphSession>
  dispose(): Promise<void>
}
