import { MsError } from '@ms/core'
import type { Recorded, Recorder } from '../recorder.js'
import { elementwiseKernels } from './elementwise.js'

const activations: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
}

/**
 * The activation at the end of one of TensorFlow.js's fused kernels.
 *
 * @param alpha slopes of `prelu`
 */
export function activate(
  recorder: Recorder,
  kernelName: string,
  x: Recorded,
  attrs: { readonly activation?: string; readonly leakyreluAlpha?: number },
  alpha?: Recorded,
): Recorded {
  if (!attrs.activation || attrs.activation === 'linear') return x
  const record = elementwiseKernels[activations[attrs.activation]]
  if (!record) {
    throw new MsError('engine.op-unsupported', `the activation '${attrs.activation}' of '${kernelName}' cannot be recorded`, {
      where: kernelName,
      kind: 'failure',
    })
  }
  const result = record(alpha ? { x, alpha } : { x }, { alpha: attrs.leakyreluAlpha ?? 0.2 }, recorder)
  return 'kind' in result ? result : result[0]
}
