import type { RaggedIds } from '../static/static-table.js'

export interface EncodeOptions {
  /** Put the model's special tokens around the text (`[CLS]` … `[SEP]`). Default: true. */
  addSpecialTokens?: boolean
  /** Most ids, special tokens included; what is beyond is cut off, the special tokens stay. Default: no limit. */
  maxLength?: number
  /** Which end of a text that is too long is cut off. Default: what tokenizer_config.json says, else `right`. */
  truncationSide?: 'left' | 'right'
}

/** Text → token ids, for one vocabulary. Truncation and padding that a tokenizer.json asks for are not obeyed: the caller decides. */
export interface Tokenizer {
  /** Ids are below this: the rows that a table of embeddings needs. */
  readonly vocabularySize: number
  /** Number of special tokens that `addSpecialTokens` adds. */
  readonly specialTokens: number
  /** The id to fill up a batch with; 0 where the tokenizer names none. */
  readonly padId: number
  /** The id of what is not in the vocabulary; undefined where there is none. */
  readonly unknownId: number | undefined
  /** `model_max_length` of tokenizer_config.json, special tokens included; undefined where there is none (or it is a stand-in for infinity). */
  readonly modelMaxLength: number | undefined
  /** `wordpiece`: our own fast path; `library`: @huggingface/tokenizers. Equal ids either way. */
  readonly pipeline: 'wordpiece' | 'library'
  /** @throws `tokenizer.max-length` when `maxLength` has no room for the special tokens */
  encode(text: string, options?: EncodeOptions): Int32Array<ArrayBuffer>
  /** Many texts, one after the other in one array: quicker than one by one. @throws as `encode` */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): RaggedIds
  /** The token of an id, or undefined. */
  token(id: number): string | undefined
}
