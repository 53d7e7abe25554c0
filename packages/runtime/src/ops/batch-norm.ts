import * as tf from '@tensorflow/tfjs-core'
import { type Conv2dOptions, conv2d } from './conv2d.js'
import { customGradient } from './custom-gradient.js'

/** Of each channel, `[channels]` float32 all. */
export interface BatchNormOptions {
  readonly mean: tf.Tensor
  readonly variance: tf.Tensor
  /** The checkpoint's `weight`. */
  readonly scale: tf.Tensor
  /** The checkpoint's `bias`. */
  readonly offset: tf.Tensor
  /** 1e-5 in torchvision's ResNets, 1e-3 in MobileNet V3 and EfficientNet. */
  readonly epsilon: number
}

/**
 * Batch normalisation with given statistics, as in inference and in training with frozen statistics:
 * `(x − mean) / √(variance + epsilon) · scale + offset` (Ioffe, Szegedy 2015). Differentiated with respect to x, scale and offset.
 *
 * Right after a convolution `conv2dBatchNorm` is quicker.
 *
 * @param x `[…leading, channels]`
 */
export function batchNorm<T extends tf.Tensor>(x: T, { mean, variance, scale, offset, epsilon }: BatchNormOptions): T {
  return customGradient<T>([x, scale, offset], ([x, scale, offset]) => ({
    value: normalised(x, mean, variance, scale, offset, epsilon),
    saved: [x, scale, mean, variance],
    gradient: (dy, [x, scale, mean, variance]) => {
      const inverse = tf.rsqrt(tf.add(variance, epsilon))
      const { dScale, dOffset } = vectorGradients(dy, tf.sub(x, mean), inverse)
      return [tf.mul(dy, tf.mul(scale, inverse)), dScale, dOffset]
    },
  }))
}

/**
 * A convolution and the batch normalisation of its result with given statistics, in one: the normalisation becomes a part of
 * the filter. Same numbers as `batchNorm(conv2d(x, filter, convolution), normalisation)`, without another pass over the
 * pictures, forward or backward.
 *
 * @param x `[batch, height, width, in]`
 * @param filter `[out, in / groups, height, width]`
 * @returns `[batch, height, width, out]`
 * @throws `tensor.shape`, `tensor.window`
 */
export function conv2dBatchNorm(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  convolution: Conv2dOptions,
  normalisation: BatchNormOptions,
): tf.Tensor4D {
  const { mean, variance, scale, offset, epsilon } = normalisation
  const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)))
  const scaled = tf.mul(filter, tf.reshape(factor, [-1, 1, 1, 1])) as tf.Tensor4D
  return tf.add(conv2d(x, scaled, convolution), tf.sub(offset, tf.mul(mean, factor)))
}

export interface BatchNormTrainingOptions {
  /** `[channels]` */
  readonly scale: tf.Tensor
  /** `[channels]` */
  readonly offset: tf.Tensor
  readonly epsilon: number
}

export interface BatchNormTraining<T extends tf.Tensor> {
  readonly value: T
  /** `[channels]`: what the running mean follows. */
  readonly mean: tf.Tensor1D
  /**
   * `[channels]`: what the running variance follows. As in torch that is the unbiased one (divided by n − 1), while the
   * values are normalised by the biased one (divided by n). 0 where a channel has one value only.
   */
  readonly variance: tf.Tensor1D
}

/**
 * Batch normalisation with the batch's own mean and variance, over all axes but the last (Ioffe, Szegedy 2015).
 * Differentiated with respect to x, scale and offset; `mean` and `variance` are for keeping, not for the loss.
 *
 * @param x `[…leading, channels]`
 */
export function batchNormTraining<T extends tf.Tensor>(x: T, { scale, offset, epsilon }: BatchNormTrainingOptions): BatchNormTraining<T> {
  const leading = leadingAxes(x)
  const channels = x.shape[x.rank - 1]
  const count = x.size / channels
  const mean = tf.mean(x, leading) as tf.Tensor1D
  const squares = tf.sum(tf.square(tf.sub(x, mean)), leading) as tf.Tensor1D
  const variance = tf.div<tf.Tensor1D>(squares, count)
  const value = customGradient<T>([x, scale, offset], ([x, scale, offset]) => ({
    value: normalised(x, mean, variance, scale, offset, epsilon),
    saved: [x, scale, mean, variance],
    gradient: (dy, [x, scale, mean, variance]) => {
      const inverse = tf.rsqrt(tf.add(variance, epsilon))
      const centred = tf.sub(x, mean)
      const { dScale, dOffset } = vectorGradients(dy, centred, inverse)
      // dy − mean(dy) − normal · mean(dy · normal), all times scale / deviation
      const factor = tf.mul(scale, inverse)
      const along = tf.mul(centred, tf.mul(tf.mul(factor, inverse), tf.div(dScale, -count)))
      return [tf.add(tf.mul(tf.sub(dy, tf.div(dOffset, count)), factor), along), dScale, dOffset]
    },
  }))
  return { value, mean, variance: tf.div<tf.Tensor1D>(squares, Math.max(1, count - 1)) }
}

function normalised(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, epsilon: number): tf.Tensor {
  const vector = (tensor: tf.Tensor) => tf.reshape(tensor, [-1]) as tf.Tensor1D
  const places = tf.reshape(x, [1, 1, -1, x.shape[x.rank - 1]]) as tf.Tensor4D
  const pictures = x.rank === 4 ? (x as tf.Tensor4D) : places
  return tf.reshape(tf.batchNorm4d(pictures, vector(mean), vector(variance), vector(offset), vector(scale), epsilon), x.shape)
}

/** Gradients of scale and offset. */
function vectorGradients(dy: tf.Tensor, centred: tf.Tensor, inverse: tf.Tensor): { dScale: tf.Tensor; dOffset: tf.Tensor } {
  const leading = leadingAxes(dy)
  return { dScale: tf.mul(tf.sum(tf.mul(dy, centred), leading), inverse), dOffset: tf.sum(dy, leading) }
}

function leadingAxes({ rank }: tf.Tensor): number[] {
  return Array.from({ length: rank - 1 }, (_, axis) => axis)
}
