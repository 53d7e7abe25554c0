import { MsError } from '@ms/core'
import type { Backbone, Mode, Tensors, Weights } from '@ms/core/tensor'
import type * as tf from '@tensorflow/tfjs-core'
import { statisticsOf } from './batch-norm.js'
import { type Layer, sequence } from './layer.js'

export interface ConvolutionalOptions {
  readonly family: string
  /** Channels of the last map. */
  readonly width: number
  /** What comes one after the other. */
  readonly stages: readonly Layer[]
  /** Of batch norm. */
  readonly epsilon: number
  /** How far the running statistics follow a batch. */
  readonly momentum: number
}

/** A convolutional network: pictures `pixel_values [batch, height, width, 3]` float32 to a map `[batch, h, w, width]`. */
export interface ConvolutionalBackbone extends Backbone {
  /** The map after every stage. */
  maps(inputs: Tensors, weights: Weights, mode: Mode): tf.Tensor4D[]
}

export function convolutionalBackbone({ family, width, stages, epsilon, momentum }: ConvolutionalOptions): ConvolutionalBackbone {
  const shapes = new Map(sequence(stages).shapes)
  const maps = (inputs: Tensors, weights: Weights, mode: Mode) => {
    let x = pixels(inputs)
    return stages.map((stage) => (x = stage.forward(x, { weights, mode, epsilon })))
  }
  return {
    family,
    width,
    shapes,
    lookups: {},
    statistics: statisticsOf(shapes.keys(), momentum),
    maps,
    forward: (inputs, weights, mode) => ({ kind: 'map', map: maps(inputs, weights, mode)[stages.length - 1] }),
  }
}

function pixels(inputs: Tensors): tf.Tensor4D {
  const x = inputs['pixel_values']
  if (x?.rank !== 4 || x.shape[3] !== 3) {
    throw new MsError('inputs.shape', `a network for pictures reads pixel_values [batch, height, width, 3], not [${x?.shape ?? ''}]`, {
      kind: 'failure',
    })
  }
  return x as tf.Tensor4D
}
