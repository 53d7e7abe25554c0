import * as tf from '@tensorflow/tfjs-core'

/** What the forward half of an op with its own gradient returns. */
export interface WithGradient {
  readonly value: tf.Tensor
  /** Kept until the gradient has been computed. */
  readonly saved: tf.Tensor[]
  /** One gradient for each input, in order. */
  gradient(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[]
}

/** `tf.customGrad` with its inputs and the tensors that the gradient needs kept apart and typed. */
export function customGradient<T extends tf.Tensor>(inputs: tf.Tensor[], forward: (inputs: tf.Tensor[]) => WithGradient): T {
  const op = tf.customGrad((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc
    const { value, saved, gradient } = forward(args.slice(0, -1) as tf.Tensor[])
    save(saved)
    return { value: value as T, gradFunc: (dy: T, kept: tf.Tensor[]) => gradient(dy, kept) }
  })
  return op(...inputs)
}
