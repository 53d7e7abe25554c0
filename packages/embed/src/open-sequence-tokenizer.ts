import { loadTokenizer, type Tokenizer } from '@ms/backbones/tokenizers'
import type { ModelFiles } from '@ms/core'
import { lowerCasing, truncatingOn } from './tokenizer-files.js'

export interface SequenceTokenizerOptions {
  /** The end of a text that is cut off when it is too long. */
  readonly side: 'left' | 'right'
  /** Lower-case texts before the tokeniser's own normaliser. */
  readonly lowerCase: boolean
}

/** The tokeniser of a network that reads sequences, as the model's settings want it. */
export async function openSequenceTokenizer(
  files: ModelFiles,
  names: ReadonlySet<string>,
  { side, lowerCase }: SequenceTokenizerOptions,
): Promise<Tokenizer> {
  const cut = await truncatingOn(side, files, names)
  return loadTokenizer(lowerCase ? await lowerCasing(cut, names) : cut)
}
