import { type Augment, assertSetting, between } from '../augment.js'
import { joinPieces, wordSegmenter } from './words.js'

export interface RandomSpanOptions {
  /** Share of the words that stay. Default: [0.5, 1]. */
  readonly share?: readonly [number, number]
}

/** Some consecutive words of a text: what a query shares with its document (the span of ICT and of GPL). @throws `augment.settings` */
export function randomSpan({ share = [0.5, 1] }: RandomSpanOptions = {}): Augment<string> {
  assertSetting(share[0] > 0 && share[0] <= share[1] && share[1] <= 1, `share must be in 0 to 1, not ${share.join(' to ')}`)
  const segment = wordSegmenter()
  return (text, random) => {
    const pieces = segment(text)
    const words = pieces.flatMap(({ word }, i) => (word ? [i] : []))
    const count = Math.max(1, Math.round(words.length * between(random, share)))
    if (count >= words.length) return text
    const first = random.integer(words.length - count + 1)
    return joinPieces(pieces.slice(words[first], words[first + count - 1] + 1))
  }
}
