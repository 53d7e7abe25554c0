import { hardSwish, relu6, silu } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

const mapActivationNames = ['relu', 'relu6', 'hard_swish', 'silu'] as const

/** An activation of a convolutional network. */
export type MapActivation = (typeof mapActivationNames)[number]

export function applyActivation<T extends tf.Tensor>(x: T, name: MapActivation | undefined): T {
  switch (name) {
    case 'relu':
      return tf.relu(x)
    case 'relu6':
      return relu6(x)
    case 'hard_swish':
      return hardSwish(x)
    case 'silu':
      return silu(x)
    case undefined:
      return x
  }
}
