import { MsError } from '@ms/core'
import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { Convolution, type ConvolutionAttrs, ConvolutionFilterGrad, ConvolutionInputGrad } from './kernel-names.js'
import { pad2d } from './pad2d.js'
import { hasKernel, runKernel } from './run-kernel.js'
import { type Extent2d, type Margins2d, type Padding2d, slidingWindow } from './sliding-window.js'

export interface Conv2dOptions {
  /** Default: 1. */
  readonly stride?: Extent2d
  /** Default: 0. */
  readonly padding?: Padding2d
  /** Default: 1. */
  readonly dilation?: Extent2d
  /**
   * Into how many parts the channels are split, each with filters of its own. As many as there are channels: depthwise.
   * Default: 1.
   */
  readonly groups?: number
}

/**
 * Convolution of pictures, as torch.nn.functional.conv2d, with its filter but channels last.
 *
 * @param x `[batch, height, width, in]`
 * @param filter `[out, in / groups, height, width]`, the layout of checkpoints
 * @returns `[batch, height, width, out]`
 * @throws `tensor.shape` where filter, channels and groups do not fit together, `tensor.window`
 *
 * @example
 * ```ts
 * import { conv2d } from '@ms/runtime'
 * import * as tf from '@tensorflow/tfjs-core'
 *
 * const pictures = tf.zeros<tf.Rank.R4>([2, 32, 32, 8])
 * const smaller = conv2d(pictures, tf.zeros([16, 8, 3, 3]), { stride: 2, padding: 1 }) // [2, 16, 16, 16]
 * const depthwise = conv2d(pictures, tf.zeros([8, 1, 5, 5]), { padding: 'same', groups: 8 }) // [2, 32, 32, 8]
 * ```
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions = {}): tf.Tensor4D {
  const { groups = 1 } = options
  const [, height, width, channels] = x.shape
  const [filters, depth, filterHeight, filterWidth] = filter.shape
  if (channels !== depth * groups || filters % groups !== 0) {
    throw new MsError('tensor.shape', `a filter [${filter.shape}] does not fit ${channels} channels in ${groups} groups`, {
      where: 'conv2d',
      advice: 'A filter is [out, in / groups, height, width]; in and out are multiples of groups.',
      details: { x: x.shape, filter: filter.shape, groups },
    })
  }
  const { strides, dilations, margins } = slidingWindow([height, width], [filterHeight, filterWidth], options)
  const attrs: ConvolutionAttrs = { strides, dilations, margins, groups }
  if (![Convolution, ConvolutionInputGrad, ConvolutionFilterGrad].every(hasKernel)) return composed(x, filter, attrs)
  return customGradient<tf.Tensor4D>([x, filter], ([x, filter]) => ({
    value: runKernel(Convolution, { x, filter }, attrs),
    saved: [x, filter],
    gradient: (dy, [x, filter]) => [
      runKernel(ConvolutionInputGrad, { dy, filter }, { ...attrs, inputShape: x.shape }),
      runKernel(ConvolutionFilterGrad, { x, dy }, { ...attrs, filterShape: filter.shape }),
    ],
  }))
}

/** Of TensorFlow.js' convolutions. A filter is spread out in place of a dilation, for which they have no gradient. */
function composed(x: tf.Tensor4D, filter: tf.Tensor4D, { strides, dilations, margins, groups }: ConvolutionAttrs): tf.Tensor4D {
  const { input, pad } = padded(x, margins)
  const spread = spreadFilter(filter, dilations)
  const [height, width] = strides
  if (groups === 1) return tf.conv2d(input, channelsLast(spread), [height, width], pad)
  const channels = x.shape[3]
  if (groups === channels) {
    const [filters, , rows, columns] = spread.shape
    const multiplied = tf.reshape<tf.Rank.R4>(spread, [channels, filters / channels, rows, columns])
    return tf.depthwiseConv2d(input, tf.transpose<tf.Tensor4D>(multiplied, [2, 3, 0, 1]), [height, width], pad)
  }
  const parts = tf.split<tf.Tensor4D>(input, groups, 3)
  const filters = tf.split<tf.Tensor4D>(spread, groups, 0)
  const convolved = parts.map((part, group) => tf.conv2d<tf.Tensor4D>(part, channelsLast(filters[group]), [height, width], pad))
  return tf.concat<tf.Tensor4D>(convolved, 3)
}

type Pad = 'valid' | tf.backend_util.ExplicitPadding

/** Native TensorFlow takes no padding but its own, so there it is put around the pictures; elsewhere that would be a copy too many. */
function padded(x: tf.Tensor4D, margins: Margins2d): { input: tf.Tensor4D; pad: Pad } {
  if (tf.getBackend() === 'tensorflow') return { input: pad2d(x, margins), pad: 'valid' }
  const { top, bottom, left, right } = margins
  if (top + bottom + left + right === 0) return { input: x, pad: 'valid' }
  return { input: x, pad: [[0, 0], [top, bottom], [left, right], [0, 0]] } // biome-ignore format: pairs
}

/** `[out, in, height, width]` → `[height, width, in, out]`, as TensorFlow.js takes filters. */
function channelsLast(filter: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose<tf.Tensor4D>(filter, [2, 3, 1, 0])
}

/** The filter with zeros between its cells, which does the same without dilation. */
function spreadFilter(filter: tf.Tensor4D, [vertical, horizontal]: readonly [number, number]): tf.Tensor4D {
  if (vertical === 1 && horizontal === 1) return filter
  const [filters, depth, height, width] = filter.shape
  const wide = tf.pad(tf.reshape(filter, [-1, 1]), [[0, 0], [0, horizontal - 1]]) // biome-ignore format: pairs
  const line = width * horizontal
  const tall = tf.pad(tf.reshape(wide, [-1, line]), [[0, 0], [0, (vertical - 1) * line]]) // biome-ignore format: pairs
  const spread = tf.reshape<tf.Rank.R4>(tall, [filters, depth, height * vertical, line])
  return tf.slice(spread, [0, 0, 0, 0], [filters, depth, (height - 1) * vertical + 1, (width - 1) * horizontal + 1])
}
