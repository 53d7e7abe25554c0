import type { Scalar } from '@tensorflow/tfjs-core'
import type { HostTensor, Inputs, Parameters, Tensors, Weights } from './host-tensor.js'

/**
 * A pure function of weights and inputs, written in TensorFlow.js ops. It may be run once for each call (eager) or only
 * once in all to record it (traced): so it never reads a tensor's values, draws no random numbers and keeps no state.
 */
export type TensorFunction<O extends Tensors> = (weights: Weights, inputs: Tensors) => O

export interface CompileOptions {
  /** Weights that do not change while the compiled function lives. Uploaded once. */
  constants: Parameters
}

export interface DifferentiateOptions extends CompileOptions {
  /** Names that `run` is given values for, and returns gradients of. */
  trainable: readonly string[]
  /** Calls to come. Only their shapes are looked at: an engine that records sees from them at once which sizes vary. */
  samples?: readonly { readonly inputs: Inputs; readonly trainable: Parameters }[]
}

/** A function that is ready to run, with its constants. */
export interface Compiled<O extends Tensors> {
  /** Shapes may differ from call to call. The result is the caller's own memory. */
  run(inputs: Inputs): Promise<{ readonly [K in keyof O]: HostTensor }>
  dispose(): void
}

/** A function of which one output, `loss`, is differentiated with respect to the trainable weights. */
export interface Differentiated<O extends Tensors> {
  /**
   * @param trainable values of the trainable weights at this step; they stay the caller's and are not changed.
   *   A weight's first dimension may differ from call to call (the gathered rows of a table).
   * @returns outputs, and one gradient for each trainable name, of its shape (zeros where the loss does not depend on it)
   */
  run(
    inputs: Inputs,
    trainable: Parameters,
  ): Promise<{ readonly outputs: { readonly [K in keyof O]: HostTensor }; readonly gradients: Map<string, HostTensor<Float32Array>> }>
  dispose(): void
}

/**
 * What runs tensor functions. Nothing above @ms/runtime knows which engine it is.
 * Optimiser, weights and state lie in host memory and belong to the trainer.
 */
export interface Engine {
  /** `wasm`, `cpu`, `traced`, … */
  readonly name: string
  readonly threads: number
  compile<O extends Tensors>(fn: TensorFunction<O>, options: CompileOptions): Promise<Compiled<O>>
  differentiate<O extends Tensors & { readonly loss: Scalar }>(
    fn: TensorFunction<O>,
    options: DifferentiateOptions,
  ): Promise<Differentiated<O>>
  /** Tensors and bytes the engine holds now; flat over any number of equal steps. */
  memory(): { tensors: number; bytes: number }
  dispose(): Promise<void>
}
