import * as tf from '@tensorflow/tfjs-core'
import { hostKernel } from './host-kernel.js'
import { tensorOf } from './tensor-of.js'

/**
 * Gradients of convolutions that the wasm backend lacks or computes slowly, composed of the ops it is quick at. Stride,
 * dilation and padding as TensorFlow.js' convolutions take them (NHWC).
 */
export function convolutionGradientKernels(backendName: string): tf.KernelConfig[] {
  return [
    hostKernel<tf.Conv2DBackpropFilterInputs, tf.Conv2DBackpropFilterAttrs>(
      tf.Conv2DBackpropFilter,
      backendName,
      ({ x, dy }, { strides, pad, dimRoundingMode, filterShape }) =>
        tf.tidy(() => {
          const info = tf.backend_util.computeConv2DInfo(shape4(x), filterShape, strides, 1, pad, dimRoundingMode, false)
          const [height, width, channels, filters] = filterShape
          const gradient = tf.reshape(tensorOf(dy), [-1, filters])
          const cells = eachCell(tensorOf(x), info, (patch) => tf.matMul(tf.reshape(patch, [-1, channels]), gradient, true, false))
          return tf.reshape(tf.concat(cells, 0), [height, width, channels, filters])
        }),
    ),
    hostKernel<tf.Conv2DBackpropInputInputs, tf.Conv2DBackpropInputAttrs>(
      tf.Conv2DBackpropInput,
      backendName,
      ({ dy, filter }, { strides, pad, dimRoundingMode, inputShape }) =>
        tf.tidy(() => {
          const info = tf.backend_util.computeConv2DInfo(inputShape, shape4(filter), strides, 1, pad, dimRoundingMode, false)
          const spread = spreadGradient(tensorOf(dy), info)
          const flipped = tf.transpose(tf.reverse(tensorOf(filter), [0, 1]), [0, 1, 3, 2])
          return tf.conv2d(spread, flipped, 1, 'valid')
        }),
    ),
    hostKernel<tf.DepthwiseConv2dNativeBackpropFilterInputs, tf.DepthwiseConv2dNativeBackpropFilterAttrs>(
      tf.DepthwiseConv2dNativeBackpropFilter,
      backendName,
      ({ x, dy }, { strides, dilations, pad, dimRoundingMode, filterShape }) =>
        tf.tidy(() => {
          const info = tf.backend_util.computeConv2DInfo(shape4(x), filterShape, strides, dilations, pad, dimRoundingMode, true)
          const [, , channels, multiplier] = filterShape
          const gradient = tf.reshape(tensorOf(dy), [-1, channels, multiplier])
          const cells = eachCell(tensorOf(x), info, (patch) => tf.sum(tf.mul(tf.reshape(patch, [-1, channels, 1]), gradient), 0))
          return tf.reshape(tf.stack(cells), filterShape)
        }),
    ),
    hostKernel<tf.DepthwiseConv2dNativeBackpropInputInputs, tf.DepthwiseConv2dNativeBackpropInputAttrs>(
      tf.DepthwiseConv2dNativeBackpropInput,
      backendName,
      ({ dy, filter }, { strides, dilations, pad, dimRoundingMode, inputShape }) =>
        tf.tidy(() => {
          const info = tf.backend_util.computeConv2DInfo(inputShape, shape4(filter), strides, dilations, pad, dimRoundingMode, true)
          const [batch, rows, columns, channels] = inputShape
          const [height, width, , multiplier] = shape4(filter)
          const spread = spreadGradient(tensorOf(dy), info)
          const flipped = tf.reshape(tf.reverse(tensorOf(filter), [0, 1]), [height, width, channels * multiplier, 1])
          const each = tf.depthwiseConv2d(spread, flipped as tf.Tensor4D, 1, 'valid', 'NHWC', [info.dilationHeight, info.dilationWidth])
          return multiplier === 1 ? each : tf.sum(tf.reshape(each, [batch, rows, columns, channels, multiplier]), 4)
        }),
    ),
  ]
}

type Info = tf.backend_util.Conv2DInfo
type Shape4 = [number, number, number, number]

function shape4({ shape }: tf.TensorInfo): Shape4 {
  return shape as Shape4
}

/** For each cell of the filter, in order: what the input holds under that cell at every place of the output. */
function eachCell(x: tf.Tensor4D, info: Info, use: (patch: tf.Tensor4D) => tf.Tensor): tf.Tensor[] {
  const { padInfo, strideHeight, strideWidth, dilationHeight, dilationWidth, outHeight, outWidth, filterHeight, filterWidth } = info
  const padded = pad(x, padInfo.top, padInfo.bottom, padInfo.left, padInfo.right)
  const [batch, , , channels] = padded.shape
  const cells: tf.Tensor[] = []
  const height = (outHeight - 1) * strideHeight + 1
  const width = (outWidth - 1) * strideWidth + 1
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const begin: Shape4 = [0, row * dilationHeight, column * dilationWidth, 0]
      cells.push(
        tf.tidy(() => {
          const window = tf.slice(padded, begin, [batch, height, width, channels])
          if (strideHeight === 1 && strideWidth === 1) return use(window)
          return use(tf.stridedSlice(window, [0, 0, 0, 0], window.shape, [1, strideHeight, strideWidth, 1]) as tf.Tensor4D)
        }),
      )
    }
  }
  return cells
}

/**
 * The output's gradient with `stride − 1` zeros between its values, and zeros around, so that a plain convolution of it
 * with the flipped filter gives the gradient at every input place.
 */
function spreadGradient(dy: tf.Tensor4D, info: Info): tf.Tensor4D {
  const { batchSize, outHeight, outWidth, strideHeight, strideWidth, inHeight, inWidth, padInfo } = info
  const depth = dy.shape[3]
  let spread = dy
  if (strideWidth > 1) {
    const apart = tf.pad(tf.reshape(spread, [batchSize * outHeight * outWidth, 1, depth]), [[0, 0], [0, strideWidth - 1], [0, 0]]) // biome-ignore format: pairs
    spread = tf.reshape(apart, [batchSize, outHeight, outWidth * strideWidth, depth])
  }
  if (strideHeight > 1) {
    const line = spread.shape[2] * depth
    const apart = tf.pad(tf.reshape(spread, [batchSize * outHeight, 1, line]), [[0, 0], [0, strideHeight - 1], [0, 0]]) // biome-ignore format: pairs
    spread = tf.reshape(apart, [batchSize, outHeight * strideHeight, spread.shape[2], depth])
  }
  const top = info.effectiveFilterHeight - 1 - padInfo.top
  const left = info.effectiveFilterWidth - 1 - padInfo.left
  const bottom = inHeight + info.effectiveFilterHeight - 1 - top - spread.shape[1]
  const right = inWidth + info.effectiveFilterWidth - 1 - left - spread.shape[2]
  return pad(spread, top, bottom, left, right)
}

/** Pads height and width with zeros; negative amounts cut off. */
function pad(x: tf.Tensor4D, top: number, bottom: number, left: number, right: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape
  const cut = (amount: number) => Math.max(0, -amount)
  const grow = (amount: number) => Math.max(0, amount)
  const rows = height - cut(top) - cut(bottom)
  const columns = width - cut(left) - cut(right)
  const kept = rows === height && columns === width ? x : tf.slice(x, [0, cut(top), cut(left), 0], [batch, rows, columns, channels])
  if ([top, bottom, left, right].every((amount) => amount <= 0)) return kept
  return tf.pad(kept, [[0, 0], [grow(top), grow(bottom)], [grow(left), grow(right)], [0, 0]]) // biome-ignore format: pairs
}
