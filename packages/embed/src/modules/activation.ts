import { MsError } from '@ms/core'
import { gelu } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

export const activations = [
  'identity',
  'tanh',
  'relu',
  'relu6',
  'gelu',
  'sigmoid',
  'silu',
  'elu',
  'leaky_relu',
  'softplus',
  'mish',
] as const
/** Activation after a dense layer, with torch's default settings (gelu is the exact one, with erf). */
export type Activation = (typeof activations)[number]

/** The classes that sentence-transformers writes into `activation_function`. */
const torchNames: Readonly<Record<Activation, string>> = {
  identity: 'torch.nn.modules.linear.Identity',
  tanh: 'torch.nn.modules.activation.Tanh',
  relu: 'torch.nn.modules.activation.ReLU',
  relu6: 'torch.nn.modules.activation.ReLU6',
  gelu: 'torch.nn.modules.activation.GELU',
  sigmoid: 'torch.nn.modules.activation.Sigmoid',
  silu: 'torch.nn.modules.activation.SiLU',
  elu: 'torch.nn.modules.activation.ELU',
  leaky_relu: 'torch.nn.modules.activation.LeakyReLU',
  softplus: 'torch.nn.modules.activation.Softplus',
  mish: 'torch.nn.modules.activation.Mish',
}

export const activationClass = (activation: Activation): string => torchNames[activation]

/** @throws `encoder.activation-unknown` */
export function activationFromClass(name: string, where: string): Activation {
  const short = name.split('.').at(-1)
  const found = activations.find((each) => torchNames[each].split('.').at(-1) === short)
  if (found && name.startsWith('torch.')) return found
  throw new MsError('encoder.activation-unknown', `the field activation_function names ${name}, which is not known here`, {
    where,
    advice: `Known are: ${activations.map((each) => torchNames[each]).join(', ')}.`,
  })
}

/** A pure tensor function of any shape. */
export function activate(activation: Activation, x: tf.Tensor2D): tf.Tensor2D {
  switch (activation) {
    case 'identity':
      return x
    case 'tanh':
      return tf.tanh(x)
    case 'relu':
      return tf.relu(x)
    case 'relu6':
      return tf.relu6(x)
    case 'gelu':
      return gelu(x)
    case 'sigmoid':
      return tf.sigmoid(x)
    case 'silu':
      return tf.mul(x, tf.sigmoid(x))
    case 'elu':
      return tf.elu(x)
    case 'leaky_relu':
      return tf.leakyRelu(x, 0.01)
    case 'softplus':
      return softplus(x)
    case 'mish':
      return tf.mul(x, tf.tanh(softplus(x)))
  }
}

/** log(1 + eˣ) without overflow: max(x, 0) + log(1 + e^−|x|). */
function softplus(x: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.relu(x), tf.log(tf.add(tf.exp(tf.neg(tf.abs(x))), 1)))
}
