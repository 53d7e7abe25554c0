import { type Modality, MsError } from '@ms/core'
import type { Encoder, EncoderPlugin, Parameters, PluginEncoder } from '@ms/core/tensor'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { Notice, Similarity } from '../sentence-encoder.js'

/** An encoder of a plug-in, with what other parts want to know of an encoder. */
export interface PluggedEncoder<Item = string> extends PluginEncoder<Item> {
  /** Name of the plug-in that makes it. */
  readonly plugin: string
  /** What its items are. */
  readonly modality: Modality
  readonly similarity: Similarity
  readonly notices: readonly Notice[]
  /** See `encoderSpace`. */
  readonly fingerprint: unknown
  withParameters(parameters: Parameters): PluggedEncoder<Item>
}

/** What decides about the vectors besides the weights. */
const fingerprintOf = (plugin: string, config: PluginEncoder['config']) => ({ type: 'plugin', plugin, config })

/** An encoder that a plug-in made, ready for training, measuring and searching. Its vectors are compared by their cosine. */
export function pluggedEncoder<Item>(
  plugin: Pick<EncoderPlugin<Item>, 'name' | 'modality'>,
  encoder: PluginEncoder<Item>,
): PluggedEncoder<Item> {
  const { dim, processor, parameters, symmetric, lookups, statistics, config } = encoder
  const fingerprint = fingerprintOf(plugin.name, config)
  return {
    plugin: plugin.name,
    modality: plugin.modality,
    similarity: 'cosine',
    notices: [],
    dim,
    processor,
    parameters,
    config,
    fingerprint,
    lookups,
    ...(symmetric === undefined ? {} : { symmetric }),
    ...(statistics ? { statistics } : {}),
    // Called on the encoder, so that it may be an object of a class.
    forward: (inputs, weights, mode) => checkedForward(plugin.name, dim, () => encoder.forward(inputs, weights, mode)),
    ...(encoder.direct ? { direct: (inputs, own) => encoder.direct!(inputs, own) } : {}),
    withParameters: (others) => pluggedEncoder(plugin, encoder.withParameters(others)),
    ...(encoder.cut
      ? {
          cut: (frozen) => {
            const parts = encoder.cut?.(frozen)
            // What the body makes is kept under the name of its space: it must tell apart what differs in its config only.
            return parts && { ...parts, body: described(parts.body, fingerprint) }
          },
        }
      : {}),
  }
}

/** What a plug-in's network makes, or whose mistake it is. @throws `plugin.failed`, `plugin.shape` */
function checkedForward(plugin: string, dim: number, forward: () => Tensor2D): Tensor2D {
  let made: Tensor2D
  try {
    made = forward()
  } catch (cause) {
    if (MsError.isInstance(cause)) throw cause
    throw new MsError('plugin.failed', `forward of the plug-in ${plugin} failed: ${cause instanceof Error ? cause.message : cause}`, {
      advice: 'Mend the plug-in, or try another --backend where it uses an operation that this one lacks.',
      kind: 'failure',
      cause,
    })
  }
  const shape: readonly number[] = made.shape
  if (shape.length === 2 && shape[1] === dim) return made
  throw new MsError('plugin.shape', `forward of the plug-in ${plugin} makes [${shape.join(', ')}], and [batch, ${dim}] is needed`, {
    advice: 'Return a vector of its dim for each item.',
    kind: 'failure',
  })
}

const described = <Item>(body: Encoder<Item>, fingerprint: unknown): Encoder<Item> =>
  Object.create(body, { fingerprint: { value: fingerprint, enumerable: true } })

/** @throws `encoder.modality` where it takes other items than it is there for */
export function assertModality<Item>(encoder: PluggedEncoder<Item>, modality: Modality, where: string): PluggedEncoder<Item> {
  if (encoder.modality === modality) return encoder
  throw new MsError('encoder.modality', `the plug-in ${encoder.plugin} takes ${encoder.modality}s, and one of ${modality}s is needed`, {
    where,
  })
}
