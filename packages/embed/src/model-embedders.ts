import { type ImageSource, MsError } from '@ms/core'
import type { Encoder } from '@ms/core/tensor'
import { createEmbedder, type EmbedderOptions, type OwnedEmbedder } from './embedder.js'
import type { Describable } from './encoder-space.js'
import { sha256 } from './sha256.js'

/** Encoders of a model, loaded or exported. */
export interface EmbeddableModel {
  readonly text?: Encoder<string> & Settings
  readonly image?: Encoder<ImageSource> & Settings
}

interface Settings extends Partial<Describable>, Pick<EmbedderOptions, 'truncateDim' | 'batchItems' | 'batchTokens'> {}

/** The encoders of a model as embedders. Of two, vectors may be compared with each other: they have one space. */
export interface ModelEmbedders {
  readonly text?: OwnedEmbedder<string>
  readonly image?: OwnedEmbedder<ImageSource>
  readonly dim: number
  /** Of one encoder its own space; of two, a name that changes with either. */
  readonly space: string
  dispose(): Promise<void>
}

/**
 * Makes embedders of a model's encoders, so that words find pictures and pictures find words.
 *
 * @throws `encoder.space` when the two encoders make vectors of different widths, and what `createEmbedder` throws
 */
export async function createModelEmbedders({ text, image }: EmbeddableModel, options: EmbedderOptions = {}): Promise<ModelEmbedders> {
  const texts = text && (await createEmbedder(text, options))
  const images = image && (await createEmbedder(image, options))
  const made = [texts, images].filter((each) => each !== undefined)
  const [first, second = first] = made
  if (!first) throw new MsError('encoder.none', 'this model has no encoder', { kind: 'failure' })
  if (first.dim !== second.dim) {
    throw new MsError('encoder.space', `texts become vectors of ${first.dim} dimensions and pictures of ${second.dim}`, {
      advice: 'Take two encoders that were trained into one space.',
    })
  }
  const space = first === second ? first.space : await sha256(new TextEncoder().encode(`${first.space} ${second.space}`))
  return {
    ...(texts ? { text: { ...texts, space } } : {}),
    ...(images ? { image: { ...images, space } } : {}),
    dim: first.dim,
    space,
    dispose: async () => {
      for (const each of made) await each.dispose()
    },
  }
}
