import { type Augment, compose, sometimes } from '../augment.js'
import { randomSpan } from './random-span.js'
import { swapWords } from './swap-words.js'
import { wordDropout } from './word-dropout.js'

/** What usually does no harm: now and then a word less, two words swapped, or only a part of the text. */
export function standardTextAugment(strength: 'light' | 'strong' = 'light'): Augment<string> {
  const rate = strength === 'light' ? 0.05 : 0.15
  return compose(
    sometimes(strength === 'light' ? 0.1 : 0.3, randomSpan()),
    sometimes(0.5, wordDropout({ rate })),
    sometimes(0.3, swapWords({ rate })),
  )
}
