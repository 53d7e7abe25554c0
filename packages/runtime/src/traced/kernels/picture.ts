import { MsError } from '@ms/core'
import {
  type AvgPoolAttrs,
  type AvgPoolGradAttrs,
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type DepthwiseConv2dNativeAttrs,
  type FusedBatchNormAttrs,
  type FusedConv2DAttrs,
  type FusedDepthwiseConv2DAttrs,
  type MirrorPadAttrs,
  type ResizeBilinearAttrs,
  type ResizeNearestNeighborAttrs,
} from '@tensorflow/tfjs-core'
import {
  AveragePooling,
  AveragePoolingGrad,
  type AveragePoolingGradAttrs,
  Convolution,
  type ConvolutionAttrs,
  ConvolutionFilterGrad,
  type ConvolutionFilterGradAttrs,
  ConvolutionInputGrad,
  type ConvolutionInputGradAttrs,
  MaxPooling,
  MaxPoolingGrad,
  type PoolingAttrs,
} from '../../ops/kernel-names.js'
import type { Recorded, Recorder } from '../recorder.js'
import { activate } from './activate.js'
import { channelsFirst, channelsLast, convolution, filterGradient, inputGradient } from './convolution.js'
import { type KernelTable, kernel } from './kernel.js'
import { arithmetic, reshape, transpose } from './nodes.js'
import { averagePooling, averagePoolingGradient, maxPooling, maxPoolingGradient } from './pooling.js'

type Shape4 = [number, number, number, number]

const shape4 = (shape: readonly number[]) => [...shape] as Shape4

/** What TensorFlow.js's attributes of a convolution or a pooling say, in ours. */
function attrsOf(
  { strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo, inChannels }: backend_util.Conv2DInfo,
  depthwise = false,
): ConvolutionAttrs {
  const { top, bottom, left, right } = padInfo
  return {
    strides: [strideHeight, strideWidth],
    dilations: [dilationHeight, dilationWidth],
    margins: { top, bottom, left, right },
    groups: depthwise ? inChannels : 1,
  }
}

type AnyConvolution = Pick<Conv2DAttrs, 'strides' | 'pad' | 'dataFormat' | 'dilations' | 'dimRoundingMode'>

function convolutionAttrs(
  x: readonly number[],
  filter: readonly number[],
  attrs: Partial<AnyConvolution>,
  depthwise: boolean,
): ConvolutionAttrs {
  const { strides = 1, pad = 0, dataFormat, dilations = 1, dimRoundingMode } = attrs
  if (dataFormat === 'NCHW') {
    throw new MsError('engine.op-unsupported', "convolutions with dataFormat 'NCHW' cannot be recorded", {
      where: depthwise ? 'DepthwiseConv2dNative' : 'Conv2D',
      advice: 'Transpose to channels last.',
      kind: 'failure',
    })
  }
  return attrsOf(backend_util.computeConv2DInfo(shape4(x), shape4(filter), strides, dilations, pad, dimRoundingMode, depthwise), depthwise)
}

/** TensorFlow.js's `[height, width, in, out]` as `[out, in, height, width]`. */
const filterOf = (recorder: Recorder, filter: Recorded) => transpose(recorder, filter, [3, 2, 0, 1])

/** `[height, width, channels, multiplier]` as `[channels · multiplier, 1, height, width]` */
function depthwiseFilterOf(recorder: Recorder, filter: Recorded): Recorded {
  const [height, width, channels, multiplier] = filter.shape
  return reshape(recorder, transpose(recorder, filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width])
}

function depthwiseFilterBack(recorder: Recorder, filter: Recorded, [height, width, channels, multiplier]: readonly number[]): Recorded {
  return transpose(recorder, reshape(recorder, filter, [channels, multiplier, height, width]), [2, 3, 0, 1])
}

type AnyPooling = Pick<AvgPoolAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>

function poolingAttrs(x: readonly number[], { filterSize, strides, pad, dimRoundingMode }: AnyPooling): PoolingAttrs {
  const info = backend_util.computePool2DInfo(shape4(x), filterSize, strides, 1, pad, dimRoundingMode)
  const { margins, strides: steps } = attrsOf(info)
  return { size: [info.filterHeight, info.filterWidth], strides: steps, margins }
}

const withBias = (recorder: Recorder, x: Recorded, bias: Recorded | undefined) => (bias ? arithmetic(recorder, 'Add', x, bias) : x)

function resize(
  recorder: Recorder,
  images: Recorded,
  mode: 'linear' | 'nearest',
  { size, alignCorners, halfPixelCenters }: ResizeBilinearAttrs | ResizeNearestNeighborAttrs,
): Recorded {
  const x = channelsFirst(recorder, images)
  const shape = [x.shape[0], x.shape[1], ...size]
  const absent = recorder.constant([], 'float32', [0])
  const attributes = {
    mode,
    coordinate_transformation_mode: alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric',
    nearest_mode: alignCorners || halfPixelCenters ? 'round_prefer_ceil' : 'floor',
  }
  return channelsLast(recorder, recorder.node('Resize', [x, absent, absent, recorder.ints(shape)], { dtype: 'float32', shape }, attributes))
}

export const pictureKernels: KernelTable = {
  [Convolution]: kernel<ConvolutionAttrs>(({ inputs: { x, filter }, attrs, recorder }) => convolution(recorder, x, filter, attrs)),
  [ConvolutionInputGrad]: kernel<ConvolutionInputGradAttrs>(({ inputs: { dy, filter }, attrs, recorder }) =>
    inputGradient(recorder, dy, filter, attrs),
  ),
  [ConvolutionFilterGrad]: kernel<ConvolutionFilterGradAttrs>(({ inputs: { x, dy }, attrs, recorder }) =>
    filterGradient(recorder, x, dy, attrs),
  ),
  [MaxPooling]: kernel<PoolingAttrs>(({ inputs: { x }, attrs, recorder }) => maxPooling(recorder, x, attrs)),
  [MaxPoolingGrad]: kernel<PoolingAttrs>(({ inputs: { dy, x }, attrs, recorder }) => maxPoolingGradient(recorder, dy, x, attrs)),
  [AveragePooling]: kernel<PoolingAttrs>(({ inputs: { x }, attrs, recorder }) => averagePooling(recorder, x, attrs)),
  [AveragePoolingGrad]: kernel<AveragePoolingGradAttrs>(({ inputs: { dy }, attrs, recorder }) =>
    averagePoolingGradient(recorder, dy, attrs),
  ),

  Conv2D: kernel<Conv2DAttrs>(({ inputs: { x, filter }, attrs, recorder }) =>
    convolution(recorder, x, filterOf(recorder, filter), convolutionAttrs(x.shape, filter.shape, attrs, false)),
  ),
  Conv2DBackpropInput: kernel<Conv2DBackpropInputAttrs>(({ inputs: { dy, filter }, attrs, recorder }) => {
    const { inputShape } = attrs
    const own = convolutionAttrs(inputShape, filter.shape, attrs, false)
    return inputGradient(recorder, dy, filterOf(recorder, filter), { ...own, inputShape })
  }),
  Conv2DBackpropFilter: kernel<Conv2DBackpropFilterAttrs>(({ inputs: { x, dy }, attrs, recorder }) => {
    const [height, width, depth, out] = attrs.filterShape
    const own = convolutionAttrs(x.shape, attrs.filterShape, attrs, false)
    return transpose(recorder, filterGradient(recorder, x, dy, { ...own, filterShape: [out, depth, height, width] }), [2, 3, 1, 0])
  }),
  DepthwiseConv2dNative: kernel<DepthwiseConv2dNativeAttrs>(({ inputs: { x, filter }, attrs, recorder }) =>
    convolution(recorder, x, depthwiseFilterOf(recorder, filter), convolutionAttrs(x.shape, filter.shape, attrs, true)),
  ),
  DepthwiseConv2dNativeBackpropInput: kernel<DepthwiseConv2dNativeAttrs & { inputShape: number[] }>(
    ({ inputs: { dy, filter }, attrs, recorder }) => {
      const { inputShape } = attrs
      const own = convolutionAttrs(inputShape, filter.shape, attrs, true)
      return inputGradient(recorder, dy, depthwiseFilterOf(recorder, filter), { ...own, inputShape })
    },
  ),
  DepthwiseConv2dNativeBackpropFilter: kernel<DepthwiseConv2dNativeAttrs & { filterShape: number[] }>(
    ({ inputs: { x, dy }, attrs, recorder }) => {
      const [height, width, channels, multiplier] = attrs.filterShape
      const own = convolutionAttrs(x.shape, attrs.filterShape, attrs, true)
      const gradient = filterGradient(recorder, x, dy, { ...own, filterShape: [channels * multiplier, 1, height, width] })
      return depthwiseFilterBack(recorder, gradient, attrs.filterShape)
    },
  ),
  FusedConv2D: kernel<FusedConv2DAttrs>(({ inputs: { x, filter, bias, preluActivationWeights }, attrs, recorder }) => {
    const own = convolutionAttrs(x.shape, filter.shape, attrs, false)
    const y = withBias(recorder, convolution(recorder, x, filterOf(recorder, filter), own), bias)
    return activate(recorder, 'FusedConv2D', y, attrs, preluActivationWeights)
  }),
  FusedDepthwiseConv2D: kernel<FusedDepthwiseConv2DAttrs & { leakyreluAlpha?: number }>(
    ({ inputs: { x, filter, bias, preluActivationWeights }, attrs, recorder }) => {
      const own = convolutionAttrs(x.shape, filter.shape, attrs, true)
      const y = withBias(recorder, convolution(recorder, x, depthwiseFilterOf(recorder, filter), own), bias)
      return activate(recorder, 'FusedDepthwiseConv2D', y, attrs, preluActivationWeights)
    },
  ),

  MaxPool: kernel<AnyPooling>(({ inputs: { x }, attrs, recorder }) => maxPooling(recorder, x, poolingAttrs(x.shape, attrs))),
  MaxPoolGrad: kernel<AnyPooling>(({ inputs: { dy, input }, attrs, recorder }) =>
    maxPoolingGradient(recorder, dy, input, poolingAttrs(input.shape, attrs)),
  ),
  AvgPool: kernel<AvgPoolAttrs>(({ inputs: { x }, attrs, recorder }) => averagePooling(recorder, x, withoutMargins('AvgPool', x, attrs))),
  AvgPoolGrad: kernel<AvgPoolGradAttrs>(({ inputs: { dy, input }, attrs, recorder }) =>
    averagePoolingGradient(recorder, dy, { ...withoutMargins('AvgPoolGrad', input, attrs), inputShape: [...input.shape] }),
  ),

  FusedBatchNorm: kernel<FusedBatchNormAttrs>(({ inputs: { x, mean, variance, offset, scale }, attrs, recorder }) => {
    const channels = x.shape[x.shape.length - 1]
    const vector = (tensor: Recorded | undefined, value: number) =>
      tensor ? reshape(recorder, tensor, [channels]) : recorder.fill(value, 'float32', [channels])
    const pictures = channelsFirst(recorder, x)
    const operands = [pictures, vector(scale, 1), vector(offset, 0), vector(mean, 0), vector(variance, 1)]
    return channelsLast(recorder, recorder.node('BatchNormalization', operands, pictures, { epsilon: { float: attrs.varianceEpsilon } }))
  }),

  ResizeBilinear: kernel<ResizeBilinearAttrs>(({ inputs: { images }, attrs, recorder }) => resize(recorder, images, 'linear', attrs)),
  ResizeNearestNeighbor: kernel<ResizeNearestNeighborAttrs>(({ inputs: { images }, attrs, recorder }) =>
    resize(recorder, images, 'nearest', attrs),
  ),
  MirrorPad: kernel<MirrorPadAttrs>(({ inputs: { x }, attrs: { paddings, mode }, recorder }) => {
    if (mode === 'symmetric') {
      throw new MsError('engine.op-unsupported', "'MirrorPad' with mode 'symmetric' cannot be recorded", {
        where: 'MirrorPad',
        kind: 'failure',
      })
    }
    const shape = x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1])
    const pads = recorder.ints([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)])
    return recorder.node('Pad', [x, pads], { dtype: x.dtype, shape }, { mode: 'reflect' })
  }),
}

/** TensorFlow.js's mean counts only what lies in the picture, which is another op wherever there is padding. */
function withoutMargins(kernelName: string, x: Recorded, attrs: AnyPooling): PoolingAttrs {
  const own = poolingAttrs(x.shape, attrs)
  if (Object.values(own.margins).every((margin) => margin === 0)) return own
  throw new MsError('engine.op-unsupported', `'${kernelName}' with padding cannot be recorded`, {
    where: kernelName,
    advice: 'Use avgPool2d of @ms/runtime.',
    kind: 'failure',
  })
}
