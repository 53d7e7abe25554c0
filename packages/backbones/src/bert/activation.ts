import { gelu, quickGelu, silu } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

/** Values of `hidden_act` that can be computed: the names of Python's transformers. */
export const activationNames = [
  'gelu',
  'gelu_python',
  'gelu_new',
  'gelu_pytorch_tanh',
  'gelu_python_tanh',
  'gelu_fast',
  'gelu_accurate',
  'quick_gelu',
  'relu',
  'relu6',
  'silu',
  'swish',
  'mish',
  'tanh',
  'sigmoid',
  'linear',
] as const

export type ActivationName = (typeof activationNames)[number]

/** The activation of that name, elementwise. */
export function activation(name: ActivationName): (x: tf.Tensor2D) => tf.Tensor2D {
  switch (name) {
    case 'gelu':
    case 'gelu_python':
      return (x) => gelu(x)
    // One formula under five names: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), Hendrycks and Gimpel 2016.
    case 'gelu_new':
    case 'gelu_pytorch_tanh':
    case 'gelu_python_tanh':
    case 'gelu_fast':
    case 'gelu_accurate':
      return (x) => gelu(x, 'tanh')
    case 'quick_gelu':
      return (x) => quickGelu(x)
    case 'relu':
      return (x) => tf.relu(x)
    case 'relu6':
      return (x) => tf.relu6(x)
    case 'silu':
    case 'swish':
      return (x) => silu(x)
    case 'mish':
      return (x) => tf.mul(x, tf.tanh(tf.softplus(x)))
    case 'tanh':
      return (x) => tf.tanh(x)
    case 'sigmoid':
      return (x) => tf.sigmoid(x)
    case 'linear':
      return (x) => x
  }
}
