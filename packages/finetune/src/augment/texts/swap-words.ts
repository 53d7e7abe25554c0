import { type Augment, assertSetting } from '../augment.js'
import { wordSegmenter } from './words.js'

export interface SwapWordsOptions {
  /** Probability that a word changes places with the next one. Default: 0.1. */
  readonly rate?: number
}

/** Neighbouring words change places; what stands between them stays. @throws `augment.settings` */
export function swapWords({ rate = 0.1 }: SwapWordsOptions = {}): Augment<string> {
  assertSetting(rate >= 0 && rate <= 1, `rate must be from 0 to 1, not ${rate}`)
  const segment = wordSegmenter()
  return (text, random) => {
    const pieces = segment(text)
    const words = pieces.flatMap(({ word }, i) => (word ? [i] : []))
    for (let w = 0; w + 1 < words.length; w++) {
      if (random.uniform() >= rate) continue
      const [here, next] = [words[w], words[w + 1]]
      const kept = pieces[here]
      pieces[here] = pieces[next]
      pieces[next] = kept
      w++ // A word moves once.
    }
    return pieces.map((piece) => piece.text).join('')
  }
}
