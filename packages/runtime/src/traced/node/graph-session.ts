import type { HostTensor } from '@ms/core/tensor'
import type { OnnxModel } from '../onnx/model.js'
import type { PoolGradient } from '../passes/optimise.js'

/** An output that has stayed where it was computed (on a device, in a thread). Any session of its runtime takes it as an input. */
export interface HeldTensor {
  readonly shape: readonly number[]
  /** Gives its memory back. It must not be given to a run any more. */
  dispose(): void
}

export interface GraphResults {
  /** Outputs, by name. */
  readonly results: ReadonlyMap<string, HostTensor>
  /** Outputs that stay; whoever ran the model disposes of them. */
  readonly held: ReadonlyMap<string, HeldTensor>
}

/** A model that is loaded and can be run, wherever that happens. */
export interface GraphSession {
  /**
   * @param feeds a tensor for each input of the model, by name; they are not changed and not kept
   * @param into arrays that outputs may be written into, by name; they are the results then
   */
  run(feeds: ReadonlyMap<string, HostTensor | HeldTensor>, into?: ReadonlyMap<string, HostTensor>): Promise<GraphResults>
  release(): Promise<void>
}

/** Loads models. */
export interface GraphRuntime {
  readonly threads: number
  /** Channels in a block of its blocked convolutions, if it has them: see passes/blocked.ts. Found out at the first call. */
  readonly block?: () => Promise<number | undefined>
  /** The form of the gradient of max pooling that its devices have. Default: `indices`. */
  readonly poolGradient?: PoolGradient
  /**
   * @param hold names of the outputs that stay where they are computed
   * @throws `engine.failed`
   */
  load(model: OnnxModel, weights: ReadonlyMap<string, Float32Array>, hold?: readonly string[]): Promise<GraphSession>
  /** What has stayed and was not disposed of. */
  held(): { tensors: number; bytes: number }
  dispose(): Promise<void>
}
