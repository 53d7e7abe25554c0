import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { AveragePooling, AveragePoolingGrad, MaxPooling, MaxPoolingGrad, type PoolingAttrs } from './kernel-names.js'
import { pad2d } from './pad2d.js'
import { hasKernel, runKernel } from './run-kernel.js'
import { type Extent2d, type Padding2d, type SlidingWindow, slidingWindow } from './sliding-window.js'

export interface Pool2dOptions {
  readonly size: Extent2d
  /** Default: size. */
  readonly stride?: Extent2d
  /** Default: 0. */
  readonly padding?: Padding2d
  /** Let the last window hang over the edge, as torch's `ceil_mode`. Default: false. */
  readonly ceil?: boolean
}

export interface AvgPool2dOptions extends Pool2dOptions {
  /** Count the padding as zeros, as torch's `count_include_pad`; if false, only what lies in the picture. Default: true. */
  readonly countPad?: boolean
}

/** Below every number of a picture; −Infinity is more than some devices take. */
const lowest = -3.4e38

/**
 * The largest value of each window, as torch.nn.functional.max_pool2d.
 *
 * @param x `[batch, height, width, channels]`
 * @throws `tensor.window`
 */
export function maxPool2d(x: tf.Tensor4D, options: Pool2dOptions): tf.Tensor4D {
  const attrs = poolingAttrs(windowOf(x, options))
  if (!hasKernel(MaxPooling) || !hasKernel(MaxPoolingGrad)) {
    return tf.maxPool(pad2d(x, attrs.margins, { value: lowest }), [...attrs.size], [...attrs.strides], 'valid')
  }
  return customGradient<tf.Tensor4D>([x], ([x]) => ({
    value: runKernel(MaxPooling, { x }, attrs),
    saved: [x],
    gradient: (dy, [x]) => [runKernel(MaxPoolingGrad, { dy, x }, attrs)],
  }))
}

/**
 * The mean of each window, as torch.nn.functional.avg_pool2d.
 *
 * @param x `[batch, height, width, channels]`
 * @throws `tensor.window`
 */
export function avgPool2d(x: tf.Tensor4D, options: AvgPool2dOptions): tf.Tensor4D {
  const window = windowOf(x, options)
  const means = meanOfAll(x, poolingAttrs(window))
  const shares = sharesOf(window, x, options)
  return shares ? tf.mul(means, shares) : means
}

/** @returns `[batch, channels]`, the mean over all places of `[batch, height, width, channels]` */
export function globalAveragePool(x: tf.Tensor4D): tf.Tensor2D {
  return tf.mean(x, [1, 2])
}

/** The mean over the whole window, with zeros for what lies outside of the picture. */
function meanOfAll(x: tf.Tensor4D, attrs: PoolingAttrs): tf.Tensor4D {
  if (!hasKernel(AveragePooling) || !hasKernel(AveragePoolingGrad)) {
    return tf.avgPool(pad2d(x, attrs.margins), [...attrs.size], [...attrs.strides], 'valid')
  }
  return customGradient<tf.Tensor4D>([x], ([x]) => ({
    value: runKernel(AveragePooling, { x }, attrs),
    saved: [],
    gradient: (dy) => [runKernel(AveragePoolingGrad, { dy }, { ...attrs, inputShape: x.shape })],
  }))
}

/** What the means are multiplied by, `[1, height, width, 1]`, where not every window counts all of its places. */
function sharesOf(window: SlidingWindow, x: tf.Tensor4D, options: AvgPool2dOptions): tf.Tensor4D | undefined {
  const { size, places } = window
  // The padding that counts: a window that hangs over its edge has fewer places.
  const counted =
    options.countPad === false ? undefined : slidingWindow([x.shape[1], x.shape[2]], size, { ...options, ceil: false }).margins
  const along = (axis: 0 | 1) => {
    const before = axis === 0 ? window.margins.top : window.margins.left
    const begin = counted ? 0 : before
    const end = before + x.shape[axis + 1] + (counted ? (axis === 0 ? counted.bottom : counted.right) : 0)
    return Array.from({ length: places[axis] }, (_, place) => {
      const first = place * window.strides[axis]
      return size[axis] / (Math.min(first + size[axis], end) - Math.max(first, begin))
    })
  }
  const [rows, columns] = [along(0), along(1)]
  if ([...rows, ...columns].every((share) => share === 1)) return undefined
  const product = rows.flatMap((row) => columns.map((column) => row * column))
  return tf.tensor4d(product, [1, places[0], places[1], 1])
}

function windowOf({ shape: [, height, width] }: tf.Tensor4D, { size, stride = size, padding, ceil }: Pool2dOptions): SlidingWindow {
  return slidingWindow([height, width], size, { stride, padding, ceil })
}

function poolingAttrs({ size, strides, margins }: SlidingWindow): PoolingAttrs {
  return { size, strides, margins }
}
