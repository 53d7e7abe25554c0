import type * as tf from '@tensorflow/tfjs-core'
import { composedBagKernels } from '../../eager/kernels/composed-bags.js'
import { explicitPaddingKernels } from '../../eager/kernels/explicit-padding.js'

/** What TensorFlow lacks of what the ops of this package and of TensorFlow.js may ask for. */
export function nativeKernels(backend: tf.KernelBackend, backendName: string): tf.KernelConfig[] {
  return [...explicitPaddingKernels(backend, backendName), ...composedBagKernels(backendName)]
}
