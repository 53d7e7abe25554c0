import * as tf from '@tensorflow/tfjs-core'
import { type FormerKernel, wrapKernel } from './host-kernel.js'
import { tensorOf } from './tensor-of.js'

type Info = tf.backend_util.Conv2DInfo

/**
 * TensorFlow knows the paddings `valid` and `same` only. These kernels take amounts of padding too, as TensorFlow.js' ops
 * allow them: they pad by themselves and compute the rest `valid`.
 */
export function explicitPaddingKernels(backend: tf.KernelBackend, backendName: string): tf.KernelConfig[] {
  return [
    wrapKernel<tf.Conv2DInputs, tf.Conv2DAttrs>(tf.Conv2D, backend, backendName, ({ x, filter }, attrs, former) =>
      padded(convInfo(x.shape, filter.shape, attrs), former, (info) => former({ x: pad(x, info) }, valid)),
    ),
    wrapKernel<tf.Conv2DBackpropInputInputs, tf.Conv2DBackpropInputAttrs>(
      tf.Conv2DBackpropInput,
      backend,
      backendName,
      ({ filter }, attrs, former) =>
        padded(convInfo(attrs.inputShape, filter.shape, attrs), former, (info) =>
          cut(former({}, { ...valid, inputShape: paddedShape(info) }), info),
        ),
    ),
    wrapKernel<tf.Conv2DBackpropFilterInputs, tf.Conv2DBackpropFilterAttrs>(
      tf.Conv2DBackpropFilter,
      backend,
      backendName,
      ({ x }, attrs, former) => padded(convInfo(x.shape, attrs.filterShape, attrs), former, (info) => former({ x: pad(x, info) }, valid)),
    ),
    wrapKernel<tf.DepthwiseConv2dNativeInputs, tf.DepthwiseConv2dNativeAttrs>(
      tf.DepthwiseConv2dNative,
      backend,
      backendName,
      ({ x, filter }, attrs, former) =>
        padded(convInfo(x.shape, filter.shape, attrs, true), former, (info) => former({ x: pad(x, info) }, valid)),
    ),
    wrapKernel<tf.DepthwiseConv2dNativeBackpropInputInputs, tf.DepthwiseConv2dNativeBackpropInputAttrs>(
      tf.DepthwiseConv2dNativeBackpropInput,
      backend,
      backendName,
      ({ filter }, attrs, former) =>
        padded(convInfo(attrs.inputShape, filter.shape, attrs, true), former, (info) =>
          cut(former({}, { ...valid, inputShape: paddedShape(info) }), info),
        ),
    ),
    wrapKernel<tf.DepthwiseConv2dNativeBackpropFilterInputs, tf.DepthwiseConv2dNativeBackpropFilterAttrs>(
      tf.DepthwiseConv2dNativeBackpropFilter,
      backend,
      backendName,
      ({ x }, attrs, former) =>
        padded(convInfo(x.shape, attrs.filterShape, attrs, true), former, (info) => former({ x: pad(x, info) }, valid)),
    ),
    wrapKernel<tf.MaxPoolInputs, tf.MaxPoolAttrs>(tf.MaxPool, backend, backendName, ({ x }, attrs, former) =>
      padded(poolInfo(x.shape, attrs), former, (info) => former({ x: pad(x, info, lowest) }, valid)),
    ),
    wrapKernel<tf.MaxPoolGradInputs, tf.MaxPoolGradAttrs>(tf.MaxPoolGrad, backend, backendName, ({ input }, attrs, former) =>
      padded(poolInfo(input.shape, attrs), former, (info) => cut(former({ input: pad(input, info, lowest) }, valid), info)),
    ),
    wrapKernel<tf.AvgPoolInputs, tf.AvgPoolAttrs>(tf.AvgPool, backend, backendName, ({ x }, attrs, former) =>
      padded(poolInfo(x.shape, attrs), former, (info) => {
        const sums = tensorOf(single(former({ x: pad(x, info) }, valid)))
        return tf.div(sums, coverage(info, former))
      }),
    ),
    wrapKernel<tf.AvgPoolGradInputs, tf.AvgPoolGradAttrs>(tf.AvgPoolGrad, backend, backendName, ({ dy, input }, attrs, former) =>
      padded(poolInfo(input.shape, attrs), former, (info) => {
        const average: FormerKernel = (inputs) =>
          tf.avgPool(tensorOf((inputs as { x: tf.TensorInfo }).x), attrs.filterSize, attrs.strides, 'valid')
        const scaled = tf.div(tensorOf(dy), coverage(info, average))
        return cut(former({ dy: scaled, input: pad(input, info) }, valid), info)
      }),
    ),
  ]
}

const valid = { pad: 'valid' }

/** Padding that never is the largest. */
const lowest = -3.4e38

/** Pads where amounts are given; what TensorFlow knows itself goes on unchanged. */
function padded(info: Info, former: FormerKernel, compute: (info: Info) => tf.TensorInfo | tf.TensorInfo[]) {
  const { type, top, bottom, left, right } = info.padInfo
  if (type === 'VALID' || type === 'SAME') return former()
  if (top + bottom + left + right === 0) return former({}, valid)
  return tf.tidy(() => single(compute(info)) as tf.Tensor)
}

function convInfo(
  x: readonly number[],
  filter: readonly number[],
  attrs: {
    strides: number | [number, number]
    pad: tf.Conv2DAttrs['pad']
    dimRoundingMode?: tf.Conv2DAttrs['dimRoundingMode']
    dilations?: number | [number, number]
  },
  depthwise = false,
): Info {
  const { strides, pad, dimRoundingMode, dilations = 1 } = attrs
  return tf.backend_util.computeConv2DInfo(x as Shape4, filter as Shape4, strides, dilations, pad, dimRoundingMode, depthwise)
}

function poolInfo(x: readonly number[], { filterSize, strides, pad, dimRoundingMode }: tf.MaxPoolAttrs | tf.AvgPoolAttrs): Info {
  return tf.backend_util.computePool2DInfo(x as Shape4, filterSize, strides, 1, pad, dimRoundingMode)
}

type Shape4 = [number, number, number, number]

function pad(x: tf.TensorInfo, { padInfo: { top, bottom, left, right } }: Info, value = 0): tf.Tensor4D {
  return tf.pad(tensorOf(x), [[0, 0], [top, bottom], [left, right], [0, 0]], value) // biome-ignore format: pairs
}

function paddedShape({ inShape: [batch, height, width, channels], padInfo: { top, bottom, left, right } }: Info): Shape4 {
  return [batch, height + top + bottom, width + left + right, channels]
}

/** The gradient without that of the padding. */
function cut(gradient: tf.TensorInfo | tf.TensorInfo[], { inShape, padInfo: { top, left } }: Info): tf.Tensor4D {
  return tf.slice(tensorOf(single(gradient)), [0, top, left, 0], inShape)
}

/** How much of each window lies inside the picture, `[1, height, width, 1]`: padding does not count in an average. */
function coverage(info: Info, average: FormerKernel): tf.Tensor4D {
  const ones = tf.ones([1, info.inHeight, info.inWidth, 1]) as tf.Tensor4D
  return tensorOf(single(average({ x: pad(ones, info) }, valid)))
}

function single(result: tf.TensorInfo | tf.TensorInfo[]): tf.TensorInfo {
  return Array.isArray(result) ? result[0] : result
}
