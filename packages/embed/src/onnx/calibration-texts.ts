import type { Tokenizer } from '@ms/backbones'
import { seededRandom } from '@ms/core'

/** Words in a text. */
const lengths = { drawn: [1, 2, 3, 6, 12, 24, 48, 96], repeated: [1, 3, 8, 24], foreign: [1, 3, 8, 24, 64] }
/** What few vocabularies hold: it becomes the unknown token, or bytes. */
const foreign = ['東', '😀', 'ж', '§']

/**
 * Texts that show how far a network's numbers reach: drawn from its own vocabulary, since the outliers of a transformer come with its special
 * tokens and hardly change with the text. Some repeat one word, some are full of what the vocabulary does not hold, and one is empty.
 *
 * @param rounds so many texts of each length @param seed draws them
 */
export function calibrationTexts(tokenizer: Tokenizer, { rounds, seed }: { rounds: number; seed: number }): string[] {
  const random = seededRandom(seed, '/calibration')
  const draw = (): string => {
    // Some ids have no token, or one that stands for no text.
    for (let tries = 0; tries < 100; tries++) {
      const word = wordOf(tokenizer.token(random.integer(tokenizer.vocabularySize)))
      if (word) return word
    }
    return 'word'
  }
  const words = (count: number, next: () => string) => Array.from({ length: count }, next).join(' ')
  const texts = ['']
  for (let round = 0; round < rounds; round++) {
    for (const count of lengths.drawn) texts.push(words(count, draw))
    for (const count of lengths.repeated) {
      const word = draw()
      texts.push(words(count, () => word))
    }
    for (const count of lengths.foreign)
      texts.push(words(count, () => (random.uniform() < 0.5 ? draw() : foreign[random.integer(foreign.length)])))
  }
  return texts
}

/** A token without the mark that it begins, goes on with or ends a word; undefined for special tokens. */
function wordOf(token = ''): string | undefined {
  if (/^(\[.*\]|<.*>)$/.test(token)) return undefined
  return token.replace(/^(##|▁|Ġ)/, '').replace(/<\/w>$/, '') || undefined
}
