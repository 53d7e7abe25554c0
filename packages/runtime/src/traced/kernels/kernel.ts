import type { Recorded, Recorder } from '../recorder.js'

/** The tensors a kernel is called with, by the names TensorFlow.js gives them; lists have the names 0, 1, 2, … */
export type KernelInputs = Readonly<Record<string, Recorded>>

export interface KernelCall<A> {
  readonly inputs: KernelInputs
  readonly attrs: A
  readonly recorder: Recorder
}

/** Writes what a TensorFlow.js kernel computes as ONNX nodes. */
export type RecordKernel = (inputs: KernelInputs, attrs: unknown, recorder: Recorder) => Recorded | readonly Recorded[]

/** Kernel name → how it is recorded. */
export type KernelTable = Readonly<Record<string, RecordKernel>>

/** A row of a table. `A` are the attributes TensorFlow.js documents for the kernel. */
export const kernel =
  <A>(record: (call: KernelCall<A>) => Recorded | readonly Recorded[]): RecordKernel =>
  (inputs, attrs, recorder) =>
    record({ inputs, attrs: attrs as A, recorder })
