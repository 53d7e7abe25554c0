import type { HostTensor, Parameters } from '@ms/core/tensor'
import { type EncoderModule, type ImageEncoder, normalize, type SentenceEncoder } from '@ms/embed'

/** Encoders that modules can be put behind. */
export type HeadedEncoder = SentenceEncoder | ImageEncoder

const endsInNormalize = (modules: readonly EncoderModule[]) => modules.at(-1)?.type === 'Normalize'

/** The encoder without what scales its vectors to unit length: a head sees them as they are. */
export function withoutNormalize<E extends HeadedEncoder>(encoder: E): E {
  const { modules } = encoder.parts
  return endsInNormalize(modules) ? (encoder.withModules(modules.slice(0, -1), encoder.parameters) as E) : encoder
}

/**
 * Puts a module behind all others but before what normalises at the end.
 * @param layer made from the widths that it finds @param weights by the module's own names
 */
export function appendModule<E extends HeadedEncoder>(
  encoder: E,
  layer: (before: EncoderModule['widths']) => EncoderModule,
  weights: Parameters,
): E {
  const { modules } = encoder.parts
  const kept = endsInNormalize(modules) ? modules.slice(0, -1) : modules
  const before = kept.at(-1)?.widths ?? { sentence_embedding: encoder.dim }
  const module = layer(before)
  const parameters = new Map<string, HostTensor<Float32Array>>(encoder.parameters)
  for (const [name, value] of weights) parameters.set(`${kept.length + 1}_${module.type}.${name}`, value)
  const last = endsInNormalize(modules) ? [normalize(module.widths)] : []
  return encoder.withModules([...kept, module, ...last], parameters) as E
}
