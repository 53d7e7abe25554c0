import type { IdBuffer } from './id-buffer.js'

/** Text → ids without the special tokens around it. */
export interface TokenPipeline {
  /** `wordpiece`: our own; `library`: @huggingface/tokenizers. */
  readonly name: 'wordpiece' | 'library'
  /** Appends the text's ids; may stop once `limit` of them were appended, and appends no more than that. */
  tokenize(text: string, out: IdBuffer, limit: number): void
}
