import { seededRandom } from '@ms/core'
import type { Parameters } from '@ms/core/tensor'
import type { EncoderModule } from '@ms/embed'
import * as tf from '@tensorflow/tfjs-core'
import { appendModule, type HeadedEncoder } from './append-module.js'
import { appendLinear } from './linear-adapter.js'

export interface ProjectionHeadOptions {
  /** Dimensions that the loss sees. Default: 256. */
  readonly dim?: number
  /** Of the first weights. Default: 1. */
  readonly seed?: number
}

/** An encoder for the time of its training, and the way back. */
export interface ProjectionHead<E> {
  /** What is trained. It makes a vector of the other items of its batch, too: it is not for search and cannot be saved. */
  readonly encoder: E
  /** The encoder as it was before, with what its weights are now. */
  remove(trained: { readonly parameters: Parameters }): E
}

/**
 * Puts a head behind an encoder that only the loss sees: a linear map, then a batch norm without weights, so that every dimension has mean 0
 * and variance 1 over the batch. What comes before such a head searches better than what it makes (Chen et al. 2020, SimCLR, section 4.2);
 * and features behind a ReLU all point the same way, so that without the head their cosines, near 1 all of them, teach little.
 *
 * @example
 * ```ts
 * import type { ImageEncoder } from '@ms/embed'
 * import { projectionHead } from '@ms/finetune'
 * declare function tune(encoder: ImageEncoder): Promise<ImageEncoder>
 * async function tuned(encoder: ImageEncoder) {
 *   const head = projectionHead(encoder)
 *   return head.remove(await tune(head.encoder))
 * }
 * ```
 */
export function projectionHead<E extends HeadedEncoder>(
  encoder: E,
  { dim = 256, seed = 1 }: ProjectionHeadOptions = {},
): ProjectionHead<E> {
  const width = encoder.dim
  const random = seededRandom(seed).fork('head')
  const weight = Float32Array.from({ length: dim * width }, () => random.normal() / Math.sqrt(width))
  return {
    encoder: appendModule(appendLinear(encoder, { weight, inFeatures: width, outFeatures: dim }), standardised, new Map()),
    remove: ({ parameters }) =>
      encoder.withParameters(new Map([...encoder.parameters].map(([name, before]) => [name, parameters.get(name) ?? before]))) as E,
  }
}

function standardised(widths: EncoderModule['widths']): EncoderModule {
  return {
    type: 'Standardised',
    shapes: new Map(),
    widths,
    forward: (features) => {
      const rows = features.sentence_embedding
      if (!rows) return features
      const centred = tf.sub(rows, tf.mean(rows, 0, true))
      const variance = tf.mean(tf.square(centred), 0, true)
      return { ...features, sentence_embedding: tf.div<tf.Tensor2D>(centred, tf.sqrt(tf.add(variance, 1e-5))) }
    },
  }
}
