/** A piece of a text: a word, or what stands between words. */
export interface Piece {
  readonly text: string
  readonly word: boolean
}

/** The pieces of a text, which joined give it again. Words of Chinese, Japanese and Thai are found by dictionary (ICU). */
export type Segment = (text: string) => Piece[]

export function wordSegmenter(): Segment {
  const segmenter = new Intl.Segmenter('und', { granularity: 'word' })
  return (text) => Array.from(segmenter.segment(text), ({ segment, isWordLike }) => ({ text: segment, word: isWordLike === true }))
}

/** Joined again, without the space that is double or at an end after something was taken away. */
export function joinPieces(pieces: readonly Piece[]): string {
  return pieces
    .map(({ text }) => text)
    .join('')
    .replace(/(\s)\s+/g, '$1')
    .trim()
}
