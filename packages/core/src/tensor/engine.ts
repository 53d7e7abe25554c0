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
   * @param into arrays of the caller's that gradients may be written into, by the names of the weights: where the engine does, a gradient's
   *   `data` is that array. What they hold after an error is not defined.
   * @returns outputs, and one gradient for each trainable name, of its shape (zeros where the loss does not depend on it)
   */
  run(
    inputs: Inputs,
    trainable: Parameters,
    into?: Parameters,
  ): Promise<{ readonly outputs: { readonly [K in keyof O]: HostTensor }; readonly gradients: Map<string, HostTensor<Float32Array>> }>
  dispose(): void
}

/** What an update is given of a step. */
export interface UpdateStep {
  /** Weights that are kept, by name. */
  readonly weights: Tensors
  /** What the update remembers of them, by names of its own. */
  readonly state: Tensors
  /** Of all trainable weights, those that are not kept among them. */
  readonly gradients: Tensors
  /** Numbers of this step (a learning rate), by name. */
  readonly scalars: Readonly<Record<string, Scalar>>
}

/** New weights and new state, all of them, and what is to be told of the step. A pure function of tensors, as `TensorFunction` is. */
export type UpdateFunction<U extends Tensors> = (step: UpdateStep) => {
  readonly weights: Tensors
  readonly state: Tensors
  readonly outputs: U
}

export interface ResidentOptions<U extends Tensors> extends DifferentiateOptions {
  /** Those of the trainable weights that stay in the engine, as they are at first. They are read at the first step. */
  kept: Parameters
  /** What the update remembers, as it is at first. */
  state: Parameters
  /** Names of the numbers that each step is given. */
  scalars: readonly string[]
  update: UpdateFunction<U>
}

/** A function that is differentiated where its weights are kept: nothing of them comes back until it is read. */
export interface Resident<O extends Tensors> {
  /**
   * One step. If it fails, weights and state are as they were before it.
   *
   * @param given values of the trainable weights that are not kept (the gathered rows of a table)
   * @returns outputs of the function and of the update, and the gradients of what was given
   */
  step(
    inputs: Inputs,
    given: Parameters,
    scalars: Readonly<Record<string, number>>,
  ): Promise<{ readonly outputs: { readonly [K in keyof O]: HostTensor }; readonly gradients: Map<string, HostTensor<Float32Array>> }>
  /** Weights and state as they are after the last step. They are the caller's own memory. */
  read(): Promise<{ readonly weights: Parameters; readonly state: Parameters }>
  dispose(): void
}

/**
 * What runs tensor functions. Nothing above @ms/runtime knows which engine it is.
 * Weights and the optimiser's state belong to the trainer; an engine with `resident` can keep them for it between steps.
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
  /** `differentiate` and an update in one. Only where it is worth it: where weights would have to go to a device and come back at each step. */
  resident?<O extends Tensors & { readonly loss: Scalar }, U extends Tensors>(
    fn: TensorFunction<O>,
    options: ResidentOptions<U>,
  ): Promise<Resident<O & U>>
  /** Tensors and bytes the engine holds now; flat over any number of equal steps. */
  memory(): { tensors: number; bytes: number }
  dispose(): Promise<void>
}
