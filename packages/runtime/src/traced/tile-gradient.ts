import { type GradConfig, reshape, sum, type Tensor, Tile } from '@tensorflow/tfjs-core'

/**
 * The gradient of `tf.tile` as one reshape and one sum. TensorFlow.js's own slices and adds once for each repetition, so its
 * graph grows with the shapes and differs from shape to shape.
 */
export const tileGradient: GradConfig = {
  kernelName: Tile,
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attrs) => {
    const reps = attrs['reps'] as number[]
    const split = x.shape.flatMap((size, axis) => [reps[axis], size])
    const repetitions = x.shape.map((_, axis) => 2 * axis)
    return { x: () => (x.rank === 0 ? (dy as Tensor) : sum(reshape(dy as Tensor, split), repetitions)) }
  },
}
