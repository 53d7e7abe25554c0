import * as tf from '@tensorflow/tfjs-core'

/** A kernel is handed tensors by tfjs' ops; the registry's types promise less. */
export function tensorOf<T extends tf.Tensor = tf.Tensor4D>(info: tf.TensorInfo): NoInfer<T> {
  return (info instanceof tf.Tensor ? info : tf.engine().makeTensorFromTensorInfo(info)) as T
}
