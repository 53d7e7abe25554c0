import type { IdBuffer } from '../id-buffer.js'
import type { TokenPipeline } from '../pipeline.js'
import { addedTokenFinder } from './added-tokens.js'
import { alone, codePoints, expanded, removed, space } from './code-points.js'
import { pieceTrie } from './piece-trie.js'
import { WordCache } from './word-cache.js'
import type { WordPieceSpec } from './word-piece-spec.js'

const seed = 0x811c9dc5
const prime = 0x01000193

/**
 * Normalising, pre-tokenising and WordPiece in one pass over the text's code units, without a regular expression, a
 * substring or an array a word: ASCII by one table look-up a character, everything else by one look-up a code point,
 * words from a cache, unseen words by greedy longest match in a trie.
 *
 * Ids are those of the Rust library `tokenizers`, which the golden tests hold it to.
 */
export function wordPiecePipeline(spec: WordPieceSpec): TokenPipeline {
  const { prefix, unknownId, maxWordChars, runs } = spec
  const points = codePoints(spec.normalizer)
  const trie = pieceTrie(spec.pieces)
  // Pieces that continue a word lie in the same trie, behind the mark that says so.
  let continuing = trie.root
  for (const unit of spec.continuingPrefix) continuing = continuing < 0 ? continuing : trie.step(continuing, unit.charCodeAt(0))
  const findAdded = addedTokenFinder(spec.addedTokens)
  const cache = new WordCache()
  const ascii = Int32Array.from({ length: 128 }, (_, c) => points.fate(c))

  // The word being read. Beyond maxWordChars code points it is unknown whatever follows, so its units need not be kept.
  const prefixUnit = prefix.charCodeAt(0)
  const word = new Uint16Array(2 * maxWordChars + 4)
  let length = 0
  let chars = 0
  let hash = seed
  /** The word is a run of characters that `runs` sets apart. */
  let inRun = false

  const append = (unit: number): void => {
    if (length < word.length) word[length++] = unit
    hash = Math.imul(hash ^ unit, prime)
  }

  /** Ends the word and appends its ids. */
  const flush = (out: IdBuffer): void => {
    if (chars === 0) return
    const mixed = hash ^ (hash >>> 15)
    if (chars > maxWordChars) out.push(unknownId)
    else if (!cache.get(word, length, mixed, out)) {
      const first = out.length
      matchPieces(out)
      cache.set(word, length, mixed, out, first)
    }
    length = 0
    chars = 0
    hash = seed
    inRun = false
  }

  /** Greedy longest match; a word with an unmatched rest is unknown as a whole. */
  const matchPieces = (out: IdBuffer): void => {
    const first = out.length
    let root = trie.root
    for (let start = 0; start < length; ) {
      let node = root
      let id = -1
      let end = start
      for (let i = start; i < length && node >= 0; i++) {
        node = trie.step(node, word[i])
        if (node >= 0 && trie.value(node) >= 0) {
          id = trie.value(node)
          end = i + 1
        }
      }
      if (id < 0) {
        out.remove(first, out.length)
        out.push(unknownId)
        return
      }
      out.push(id)
      start = end
      root = continuing
    }
  }

  const letter = (codePoint: number, out: IdBuffer): void => {
    if (runs) {
      const belongs = runs.contains(codePoint)
      if (chars > 0 && (belongs !== inRun || (belongs && chars >= runs.longest + prefix.length))) flush(out)
      inRun = belongs
    }
    if (prefix !== '' && chars === 0 && codePoint !== prefixUnit) {
      append(prefixUnit)
      chars = 1
    }
    chars++
    if (codePoint < 0x10000) append(codePoint)
    else {
      append(0xd7c0 + (codePoint >> 10))
      append(0xdc00 + (codePoint & 0x3ff))
    }
  }

  const other = (codePoint: number, out: IdBuffer): void => {
    const fate = points.fate(codePoint)
    if (fate >= 0) letter(fate, out)
    else if (fate === space) flush(out)
    else if (fate === alone) {
      flush(out)
      letter(codePoint, out)
      flush(out)
    } else if (fate === expanded) {
      for (const piece of points.expansion(codePoint)) {
        if (piece.kind !== 'letter') flush(out)
        if (piece.kind !== 'space') letter(piece.codePoint, out)
        if (piece.kind === 'alone') flush(out)
      }
    }
  }

  const plain = runs === undefined && prefix === ''

  const section = (text: string, out: IdBuffer, end: number): void => {
    for (let i = 0; i < text.length && out.length < end; i++) {
      const unit = text.charCodeAt(i)
      if (unit < 128) {
        const fate = ascii[unit]
        if (fate >= 0) {
          if (plain) {
            append(fate)
            chars++
          } else letter(fate, out)
        } else if (fate === space) flush(out)
        else if (fate !== removed) other(unit, out)
      } else if (unit < 0xd800 || unit > 0xdfff) other(unit, out)
      else {
        const codePoint = text.codePointAt(i)!
        if (codePoint > 0xffff) i++
        other(codePoint, out)
      }
    }
    flush(out)
  }

  return {
    name: 'wordpiece',
    tokenize: (text, out, limit) => {
      const end = out.length + limit
      let start = 0
      for (const { begin, after, id } of findAdded(text)) {
        if (begin > start) section(spec.rewrite(text.slice(start, begin)), out, end)
        out.push(id)
        start = after
        if (out.length >= end) break
      }
      if (out.length < end) section(spec.rewrite(start === 0 ? text : text.slice(start)), out, end)
      if (out.length > end) out.remove(end, out.length)
    },
  }
}
