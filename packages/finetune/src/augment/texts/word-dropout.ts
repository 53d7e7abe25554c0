import { type Augment, assertSetting } from '../augment.js'
import { joinPieces, wordSegmenter } from './words.js'

export interface WordDropoutOptions {
  /** Probability that a word is left out. Default: 0.1. */
  readonly rate?: number
}

/** Leaves words out; at least one stays. @throws `augment.settings` */
export function wordDropout({ rate = 0.1 }: WordDropoutOptions = {}): Augment<string> {
  assertSetting(rate >= 0 && rate <= 1, `rate must be from 0 to 1, not ${rate}`)
  const segment = wordSegmenter()
  return (text, random) => {
    const pieces = segment(text)
    const words = pieces.flatMap(({ word }, i) => (word ? [i] : []))
    const dropped = new Set(words.filter(() => random.uniform() < rate))
    if (dropped.size === 0) return text
    if (dropped.size === words.length) dropped.delete(words[random.integer(words.length)])
    return joinPieces(pieces.filter((_, i) => !dropped.has(i)))
  }
}
