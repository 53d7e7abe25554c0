import * as tf from '@tensorflow/tfjs-core'

/** A kernel from a function of typed inputs and attributes; TensorFlow.js' registry knows them only as open maps. */
export function hostKernel<Inputs, Attrs = object>(
  kernelName: string,
  backendName: string,
  run: (inputs: { [K in keyof Inputs]: tf.TensorInfo }, attrs: Attrs) => tf.TensorInfo | tf.TensorInfo[],
): tf.KernelConfig {
  return {
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) => run(inputs as { [K in keyof Inputs]: tf.TensorInfo }, attrs as Attrs),
  }
}

/** Calls the kernel in whose place another stands, with its own inputs and attributes or with others. */
export type FormerKernel = (inputs?: object, attrs?: object) => tf.TensorInfo | tf.TensorInfo[]

/** The same in place of another kernel, which it may still call: tfjs prepares a kernel only while it is registered. */
export function wrapKernel<Inputs, Attrs = object>(
  kernelName: string,
  backend: tf.KernelBackend,
  backendName: string,
  run: (inputs: { [K in keyof Inputs]: tf.TensorInfo }, attrs: Attrs, original: FormerKernel) => tf.TensorInfo | tf.TensorInfo[],
): tf.KernelConfig {
  const former = tf.getKernel(kernelName, backendName)
  return {
    ...former,
    kernelFunc: ({ inputs, attrs }) =>
      run(inputs as { [K in keyof Inputs]: tf.TensorInfo }, attrs as Attrs, (others, otherAttrs) =>
        former.kernelFunc({ inputs: { ...inputs, ...others }, attrs: { ...attrs, ...otherAttrs }, backend }),
      ),
  }
}
