import type { HostTensor, Parameters } from '@ms/core/tensor'
import { dense, type EncoderModule } from '@ms/embed'
import { appendModule, type HeadedEncoder } from './append-module.js'
import type { LinearMap } from './fit-lda.js'

/**
 * The same encoder with a linear layer behind it that changes nothing yet: where the network is frozen, this is what training changes, so
 * that the embedding itself moves and not only the loss's classifier.
 */
export function linearAdapter<E extends HeadedEncoder>(encoder: E): E {
  const width = encoder.dim
  const weight = new Float32Array(width * width)
  for (let i = 0; i < width; i++) weight[i * width + i] = 1
  return appendLinear(encoder, { weight, inFeatures: width, outFeatures: width })
}

/** The same encoder with a linear map before what normalises. */
export function appendLinear<E extends HeadedEncoder>(
  encoder: E,
  { weight, bias, inFeatures, outFeatures }: Omit<LinearMap, 'bias'> & { readonly bias?: Float32Array },
): E {
  const layer = (before: EncoderModule['widths']): EncoderModule =>
    dense({ inFeatures, outFeatures, bias: bias !== undefined, activation: 'identity' }, before)
  const weights: [string, HostTensor<Float32Array>][] = [['linear.weight', { shape: [outFeatures, inFeatures], data: weight }]]
  if (bias) weights.push(['linear.bias', { shape: [outFeatures], data: bias }])
  return appendModule(encoder, layer, new Map(weights) satisfies Parameters)
}
