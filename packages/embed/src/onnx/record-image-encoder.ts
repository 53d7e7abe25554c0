import type { Inputs, TensorFunction, Tensors } from '@ms/core/tensor'
import { type RecordOnnxOptions, recordOnnx } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { ImageEncoder } from '../image-encoder.js'
import { graphOutputs } from './exported-manifest.js'

/** Pictures of the recorded sample; their number does not matter. */
const samples = 2

/** The graph of an encoder of pictures as an ONNX file; see `exportOnnx`. */
export function recordImageEncoder(encoder: ImageEncoder, options: Pick<RecordOnnxOptions, 'quantize'>): Promise<Uint8Array> {
  const shape = [samples, 3, ...encoder.settings.crop]
  const sampleInputs: Inputs = { pixel_values: { shape, data: new Float32Array(shape.reduce((product, n) => product * n, 1)) } }
  return recordOnnx(channelsFirst(encoder), {
    constants: encoder.parameters,
    sampleInputs,
    dynamicAxes: { pixel_values: { 0: 'batch' } },
    ...options,
  })
}

/** The encoder as others feed it: with the channels first. */
function channelsFirst(encoder: ImageEncoder): TensorFunction<Tensors> {
  return (weights, { pixel_values, ...others }) => {
    const pictures = tf.transpose(pixel_values, [0, 2, 3, 1])
    return { [graphOutputs.image]: encoder.forward({ ...others, pixel_values: pictures }, weights, { training: false }) }
  }
}
