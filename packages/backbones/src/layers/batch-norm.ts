import { batchNormTraining, type Conv2dOptions, conv2d, conv2dBatchNorm } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { NamedShape, Pass } from './layer.js'

/** What a checkpoint keeps of a batch norm: a factor, an offset, and what its batches were like. */
export const batchNormShapes = (name: string, channels: number): NamedShape[] =>
  ['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.${part}`, [channels]])

/**
 * A convolution and the batch norm after it. Where the mode observes, the batch's own statistics count, and go to what follows them;
 * else the running ones, which are then a part of the convolution.
 */
export function normalisedConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  convolution: Conv2dOptions,
  name: string,
  { weights, mode, epsilon }: Pass,
  /** Of the convolution, `[channels]`: VGG has one, though the norm takes it away again. */
  bias?: tf.Tensor1D,
): tf.Tensor4D {
  const scale = weights.get(`${name}.weight`)
  const offset = weights.get(`${name}.bias`)
  if (!mode.observe) {
    const running = weights.get(`${name}.running_mean`)
    const mean = bias ? tf.sub(running, bias) : running
    const variance = weights.get(`${name}.running_var`)
    return conv2dBatchNorm(x, filter, convolution, { mean, variance, scale, offset, epsilon })
  }
  const convolved = conv2d(x, filter, convolution)
  const { value, mean, variance } = batchNormTraining(bias ? tf.add<tf.Tensor4D>(convolved, bias) : convolved, { scale, offset, epsilon })
  mode.observe(`${name}.running_mean`, mean)
  mode.observe(`${name}.running_var`, variance)
  return value
}

/** `Backbone.statistics` of a network whose batch norms all follow their batches equally. */
export const statisticsOf = (shapes: Iterable<string>, momentum: number): Map<string, number> =>
  new Map([...shapes].filter((name) => /\.running_(mean|var)$/.test(name)).map((name) => [name, momentum]))
