export { type LoadTokenizerOptions, loadTokenizer } from './load-tokenizer.js'
export type { EncodeOptions, Tokenizer } from './tokenizer.js'
