import * as tf from '@tensorflow/tfjs-core'
import type { HostMemory } from '../host-memory.js'
import { hostKernel } from './host-kernel.js'

/**
 * The gradient of max pooling, which the wasm backend computes wrongly (some places get nothing). Each window's gradient goes
 * to the first of its largest values.
 */
export function maxPoolGradientKernel(backendName: string, memory: HostMemory): tf.KernelConfig {
  return hostKernel<tf.MaxPoolGradInputs, tf.MaxPoolGradAttrs>(
    tf.MaxPoolGrad,
    backendName,
    ({ dy, input }, { filterSize, strides, pad, dimRoundingMode }) => {
      const shape = input.shape as [number, number, number, number]
      const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode)
      const dx = memory.allocate(shape, 'float32')
      spread(memory.floats(dx), memory.floats(input), memory.floats(dy), info)
      return dx
    },
  )
}

function spread(dx: Float32Array, x: Float32Array, dy: Float32Array, info: tf.backend_util.Conv2DInfo): void {
  const { batchSize, inHeight, inWidth, inChannels: channels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = info
  dx.fill(0)
  let from = 0
  for (let picture = 0; picture < batchSize; picture++) {
    const begin = picture * inHeight * inWidth * channels
    for (let row = 0; row < outHeight; row++) {
      const top = row * strideHeight - padInfo.top
      const [firstRow, lastRow] = [Math.max(0, top), Math.min(inHeight, top + info.filterHeight)]
      for (let column = 0; column < outWidth; column++) {
        const left = column * strideWidth - padInfo.left
        const [firstColumn, lastColumn] = [Math.max(0, left), Math.min(inWidth, left + info.filterWidth)]
        for (let channel = 0; channel < channels; channel++, from++) {
          let best = -1
          let largest = Number.NEGATIVE_INFINITY
          for (let y = firstRow; y < lastRow; y++) {
            for (
              let at = begin + (y * inWidth + firstColumn) * channels + channel, end = begin + (y * inWidth + lastColumn) * channels;
              at < end;
              at += channels
            ) {
              if (x[at] > largest) {
                largest = x[at]
                best = at
              }
            }
          }
          if (best >= 0) dx[best] += dy[from]
        }
      }
    }
  }
}
