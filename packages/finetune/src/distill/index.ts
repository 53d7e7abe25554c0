export { type DistillEvent, type Distilled, type DistillOptions, type DistillTexts, type DistillTokenizer, distill } from './distill.js'
export { tokenText } from './token-text.js'
export type { TokenizedTexts } from './tokenized-texts.js'
