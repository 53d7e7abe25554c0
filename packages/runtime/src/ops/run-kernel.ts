import * as tf from '@tensorflow/tfjs-core'

/** True where the active backend implements this kernel. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) != null
}

/** Runs a kernel with one output. Only inside `customGrad` or where nothing is differentiated: no gradient is registered. */
export function runKernel(name: string, inputs: object, attrs: object = {}): tf.Tensor {
  return tf.engine().runKernel(name, present(inputs), { ...attrs })
}

/** Runs a kernel with several outputs. */
export function runKernelMany(name: string, inputs: object, attrs: object = {}): tf.Tensor[] {
  return tf.engine().runKernel(name, present(inputs), { ...attrs })
}

/** TensorFlow.js takes an absent input as an absent key only. */
function present(inputs: object): tf.NamedTensorMap {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined))
}
