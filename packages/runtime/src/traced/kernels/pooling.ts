import type { PoolingAttrs } from '../../ops/kernel-names.js'
import { maxPoolGradient } from '../passes/max-pool-gradient.js'
import type { Recorded, Recorder } from '../recorder.js'
import { channelsFirst, channelsLast, padsOf } from './convolution.js'
import { elementwise, expand, reshape } from './nodes.js'

/* Pictures come and go channels last, as in convolution.ts. */

function poolingOf(
  { shape: [batch, height, width, channels] }: { readonly shape: readonly number[] },
  { size, strides, margins }: PoolingAttrs,
) {
  const places = [
    Math.floor((height + margins.top + margins.bottom - size[0]) / strides[0]) + 1,
    Math.floor((width + margins.left + margins.right - size[1]) / strides[1]) + 1,
  ]
  return { shape: [batch, channels, ...places], attributes: { kernel_shape: size, strides, pads: padsOf(margins) } }
}

export function maxPooling(recorder: Recorder, x: Recorded, attrs: PoolingAttrs): Recorded {
  const { shape, attributes } = poolingOf(x, attrs)
  const outputs = [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ] as const
  // With the places of the largest values, which the gradient may need; left out where it does not.
  return channelsLast(recorder, recorder.nodes('MaxPool', [channelsFirst(recorder, x)], outputs, attributes)[0])
}

export function maxPoolingGradient(recorder: Recorder, dy: Recorded, x: Recorded, attrs: PoolingAttrs): Recorded {
  const pictures = channelsFirst(recorder, x)
  const { attributes } = poolingOf(x, attrs)
  return channelsLast(recorder, recorder.node(maxPoolGradient, [pictures, channelsFirst(recorder, dy)], pictures, attributes))
}

export function averagePooling(recorder: Recorder, x: Recorded, attrs: PoolingAttrs): Recorded {
  const { shape, attributes } = poolingOf(x, attrs)
  const node = recorder.node(
    'AveragePool',
    [channelsFirst(recorder, x)],
    { dtype: x.dtype, shape },
    { ...attributes, count_include_pad: 1 },
  )
  return channelsLast(recorder, node)
}

export function averagePoolingGradient(
  recorder: Recorder,
  dy: Recorded,
  attrs: PoolingAttrs & { readonly inputShape: readonly number[] },
): Recorded {
  const { size, strides, margins, inputShape } = attrs
  const [batch, height, width, channels] = inputShape
  const { shape } = poolingOf({ shape: inputShape }, attrs)
  const [rows, columns] = shape.slice(2)
  const share = recorder.fill(1 / (size[0] * size[1]))
  const slopes = elementwise(recorder, 'Mul', [channelsFirst(recorder, dy), share])
  if (rows * size[0] === height && columns * size[1] === width && strides.every((stride, axis) => stride === size[axis])) {
    // Windows that lie side by side: every place of one gets the same.
    const apart = reshape(recorder, slopes, [batch, channels, rows, 1, columns, 1])
    const repeated = expand(recorder, apart, [batch, channels, rows, size[0], columns, size[1]])
    return channelsLast(recorder, reshape(recorder, repeated, [batch, channels, height, width]))
  }
  const planes = reshape(recorder, slopes, [batch * channels, 1, rows, columns])
  const output_padding = [
    height + margins.top + margins.bottom - size[0] - (rows - 1) * strides[0],
    width + margins.left + margins.right - size[1] - (columns - 1) * strides[1],
  ]
  const spread = recorder.node(
    'ConvTranspose',
    [planes, recorder.fill(1, 'float32', [1, 1, ...size])],
    { dtype: dy.dtype, shape: [batch * channels, 1, height, width] },
    { kernel_shape: size, strides, pads: padsOf(margins), output_padding },
  )
  return channelsLast(recorder, reshape(recorder, spread, [batch, channels, height, width]))
}
