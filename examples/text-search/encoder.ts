import { type LoadedModel, loadEncoder, type SentenceEncoder } from '@ms/embed'
import { defaultSettings, multipleNegativesRanking } from '@ms/finetune'
import { miniText } from '@ms/mini'
import type { Recipe, RecipeOptions } from './recipe.js'

export interface Encoder extends LoadedModel {
  readonly text: SentenceEncoder
}

/** How the encoder is called in run.json. */
export const encoderName = 'ms-mini-text'

/** What turns an item into a vector before anything is tuned. It comes with its package: nothing to download. */
export const openEncoder = async (): Promise<Encoder> => ({ text: await loadEncoder(miniText()) })

/** One thread adds up in one order: the same seed gives the same figures. More would hardly be quicker for a table of token vectors. */
export const threads = 1

/** How it is tuned. */
export async function recipe({ text }: Encoder, { examples, seed }: RecipeOptions): Promise<Recipe> {
  return { start: { text }, loss: multipleNegativesRanking(), settings: { ...defaultSettings(text, examples), seed } }
}
