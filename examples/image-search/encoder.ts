import type { ImageSettings, PreparedPicture } from '@ms/backbones'
import { imageProcessor } from '@ms/backbones/node'
import type { Examples } from '@ms/core'
import type { Prepared } from '@ms/core/tensor'
import { type ImageEncoder, loadEncoder, loadImageEncoder, type SentenceEncoder } from '@ms/embed'
import { adamw, cosine, ldaHead, linearAdapter, multipleNegativesRanking, noDecayOnBiasAndNorm, standardPictureAugment } from '@ms/finetune'
import { miniImage, miniText } from '@ms/mini'
import type { Recipe, RecipeOptions } from './recipe.js'

export interface Encoder {
  readonly text: SentenceEncoder
  readonly image: ImageEncoder
}

/** How the encoders are called in run.json. */
export const encoderName = 'ms-mini-image'

/** Pictures keep both cores busy. What is added up in another order differs in its last digits. */
export const threads = undefined

/** What turns pictures, and words about them, into vectors before anything is tuned. Both come with their package. */
export async function openEncoder(): Promise<Encoder> {
  // Whole pictures, so that training may cut parts out of them.
  const openProcessor = (settings: ImageSettings) => imageProcessor(settings, { extent: 'whole' })
  return { text: await loadEncoder(miniText()), image: await loadImageEncoder(miniImage(), { openProcessor }) }
}

/** How they are tuned: pictures against pictures, or words against pictures. */
export async function recipe(encoder: Encoder, options: RecipeOptions): Promise<Recipe> {
  return options.examples.modalities?.[0] === 'text' ? wordsToPictures(encoder, options) : pictures(encoder, options)
}

/** The network is trained on pairs of drawings of one thing, varied from step to step; then the closed-form head. */
function pictures({ image }: Encoder, { examples, engine, seed, signal }: RecipeOptions): Recipe {
  const vary = standardPictureAugment(image.settings.crop)
  return {
    start: { image },
    loss: multipleNegativesRanking({ symmetric: true }),
    settings: {
      epochs: 1,
      batchSize: 64,
      learningRate: 3e-5,
      optimizer: adamw(),
      groups: [noDecayOnBiasAndNorm],
      // The first layers look at the largest maps: a third of the time goes where they are trained, too.
      freeze: ['_conv_stem*', '_bn0*', '_blocks.[0-4].*'],
      schedule: cosine({ warmup: 0.1 }),
      seed,
    },
    augment: { prepared: (prepared, random) => (isPicture(prepared) ? vary(prepared, random) : prepared) },
    finish: async (parameters) => ({
      image: await ldaHead(image.withParameters(parameters.image ?? image.parameters), { examples, engine, signal }),
    }),
  }
}

/**
 * Both encoders stay as they are. Behind that of pictures stands the closed-form head, as wide as the texts' vectors; a linear layer behind
 * that of texts is what is trained to bring words to their pictures, and to the words that stand with them.
 */
async function wordsToPictures({ text, image }: Encoder, { examples, engine, seed, signal }: RecipeOptions): Promise<Recipe> {
  const [words, drawings] = examples.columns
  const labelled: Examples = { kind: 'labelled', columns: [drawings], labels: words }
  const start = { text: linearAdapter(text), image: await ldaHead(image, { examples: labelled, dim: text.dim, engine, signal }) }
  const trained = [...start.text.parameters.keys()].filter((name) => !text.parameters.has(name))
  return {
    start,
    loss: multipleNegativesRanking({ symmetric: true }),
    settings: {
      epochs: 20,
      batchSize: 128,
      learningRate: 1e-3,
      optimizer: adamw(),
      schedule: cosine(),
      freeze: frozenBut(start, trained),
      seed,
    },
  }
}

/** Names in the training, where each encoder's stand under the column it encodes. */
const frozenBut = ({ text, image }: { readonly text: SentenceEncoder; readonly image: ImageEncoder }, trained: readonly string[]) => [
  ...[...text.parameters.keys()].filter((name) => !trained.includes(name)).map((name) => `anchor/${name}`),
  ...[...image.parameters.keys()].map((name) => `positive/${name}`),
]

const isPicture = (prepared: Prepared): prepared is PreparedPicture => 'pixels' in prepared
