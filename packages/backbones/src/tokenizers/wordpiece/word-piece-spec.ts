import type { AddedToken } from './added-tokens.js'
import type { BertNormalizerOptions } from './code-points.js'

/** All that the WordPiece pipeline does to a text, as read from a tokenizer.json. */
export interface WordPieceSpec {
  /** Normalising that needs more than a code point at a time, before everything else. */
  rewrite(text: string): string
  readonly normalizer: BertNormalizerOptions
  /** Maximal runs of these characters are words of their own, cut after `longest`. */
  readonly runs?: { contains(codePoint: number): boolean; readonly longest: number }
  /** Put before every word that does not start with it: one character of the basic plane, or nothing. */
  readonly prefix: string
  /** The vocabulary. */
  readonly pieces: ReadonlyMap<string, number>
  readonly continuingPrefix: string
  readonly unknownId: number
  /** A word of more code points is unknown, its prefix counted. */
  readonly maxWordChars: number
  readonly addedTokens: readonly AddedToken[]
}
