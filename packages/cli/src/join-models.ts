import { type Modality, MsError } from '@ms/core'
import type { LoadedModel } from '@ms/embed'
import { linearProjection } from '@ms/finetune'

export interface JoinOptions {
  /** Width of the space that both are projected into. */
  readonly dim: number
  readonly seed: number
}

/** Two encoders that are to share a space. */
export interface JoinedModel {
  readonly model: LoadedModel
  /**
   * Patterns of the weights that came with the models, all but the two projections, by their names in a training.
   * @param modalities what its columns hold
   */
  given(modalities: readonly Modality[]): string[]
}

/**
 * An encoder of texts and one of pictures, with a projection behind each: a training brings them into one space.
 * @throws `encoder.modality`, `encoder.plugin` for an encoder that nothing can be put behind
 */
export function joinModels({ text }: LoadedModel, { image }: LoadedModel, { dim, seed }: JoinOptions): JoinedModel {
  if (!text || !image) {
    throw new MsError('encoder.modality', `there is no encoder of ${text ? 'pictures' : 'texts'}`, {
      where: text ? '--image-model' : '--model',
      advice: 'Give --model a model of texts, and --image-model one of pictures.',
    })
  }
  const plugged = 'plugin' in text ? text.plugin : 'plugin' in image ? image.plugin : undefined
  if ('plugin' in text || 'plugin' in image) {
    throw new MsError('encoder.plugin', `nothing can be put behind the encoder of the plug-in ${plugged}`, {
      advice: 'Take encoders that consist of modules.',
    })
  }
  const model = { text: linearProjection(text, { dim, seed }), image: linearProjection(image, { dim, seed }) }
  const before = { text: new Set(text.parameters.keys()), image: new Set(image.parameters.keys()) }
  return {
    model,
    given: ([first]) => {
      const sides = first === 'image' ? (['image', 'text'] as const) : (['text', 'image'] as const)
      return sides.flatMap((modality, i) => {
        const side = i === 0 ? 'anchor' : 'positive'
        return firstParts([...before[modality]]).map((pattern) => `${side}/${pattern}`)
      })
    },
  }
}

/** Patterns for all these names by their first parts, which is enough here: a projection's name begins with its own position and type. */
export const firstParts = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => (name.includes('.') ? `${name.split('.')[0]}.*` : name))),
]
