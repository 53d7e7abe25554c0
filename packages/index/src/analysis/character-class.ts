/** What a character is to the tokeniser. */
export const CharacterClass = {
  separator: 1,
  letter: 2,
  digit: 3,
  /** Combining marks and invisible joiners: continue a token, never begin one. */
  mark: 4,
  /** Scripts written without spaces between words. */
  unspaced: 5,
  /** Shown as a picture by itself. */
  emoji: 6,
} as const
export type CharacterClass = (typeof CharacterClass)[keyof typeof CharacterClass]

// Hangul has spaces, but its particles are glued to the words: bigrams find the word in all its forms.
const unspacedScripts = 'Han Hira Kana Bopo Hang Yiii Thai Laoo Khmr Mymr Tibt'.split(' ')
const unspaced = new RegExp(`(?=[\\p{L}\\p{Nl}])[${unspacedScripts.map((script) => `\\p{Script_Extensions=${script}}`).join('')}]`, 'u')
const letter = /\p{L}/u
const digit = /\p{N}/u
const mark = /[\p{M}\p{Cf}]/u
const emoji = /[\p{Emoji_Presentation}\p{Regional_Indicator}]/u
const zeroWidthSpace = 0x200b

function characterClass(codePoint: number): CharacterClass {
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return CharacterClass.separator // half of a pair, alone
  const character = String.fromCodePoint(codePoint)
  if (unspaced.test(character)) return CharacterClass.unspaced
  if (letter.test(character)) return CharacterClass.letter
  if (digit.test(character)) return CharacterClass.digit
  if (mark.test(character) && codePoint !== zeroWidthSpace) return CharacterClass.mark
  if (emoji.test(character)) return CharacterClass.emoji
  return CharacterClass.separator
}

/** Remembers the classes of the characters it has seen. */
export function characterClasses(): (codePoint: number) => CharacterClass {
  const seen = new Uint8Array(0x10000)
  return (codePoint) => {
    if (codePoint > 0xffff) return characterClass(codePoint)
    const known = seen[codePoint]
    if (known !== 0) return known as CharacterClass
    const found = characterClass(codePoint)
    seen[codePoint] = found
    return found
  }
}
