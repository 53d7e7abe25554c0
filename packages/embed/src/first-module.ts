import type { Parameters } from '@ms/core/tensor'
import type { SentenceEncoderParts } from './sentence-encoder.js'

/** What of an encoder the first module decides. */
export type FirstModule = Pick<
  SentenceEncoderParts,
  'backbone' | 'tokenizer' | 'files' | 'maxLength' | 'truncationSide' | 'lowerCase' | 'model2vec'
> & {
  readonly parameters: Parameters
}
