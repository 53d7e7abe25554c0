import {
  breakRanges,
  decomposedRanges,
  hanRanges,
  lowered,
  markRanges,
  punctuationRanges,
  removedRanges,
  spaceRanges,
} from './bert-characters.generated.js'

/** What BertNormalizer is told to do. */
export interface BertNormalizerOptions {
  readonly cleanText: boolean
  readonly handleChineseChars: boolean
  readonly stripAccents: boolean
  readonly lowercase: boolean
}

/** What becomes of a code point: nothing, a break between words, a word of its own, or letters of a word. */
export const removed = -1
export const space = -2
export const alone = -3
/** It becomes several code points, or one beyond the basic plane: see `expansion`. */
export const expanded = -4

/** One code point that another becomes, and how it stands. */
export interface Piece {
  readonly codePoint: number
  readonly kind: 'letter' | 'alone' | 'space'
}

/**
 * BertNormalizer and BertPreTokenizer for single code points. Both work code point by code point, so a text's result is
 * that of its code points, one after the other. (Decomposition also sorts neighbouring combining marks; but accent
 * stripping drops all of them save a few signs of musical notation and two Hangul tone marks, whose order is left as it is.)
 */
export interface CodePoints {
  /** `removed`, `space`, `alone` (it is unchanged), `expanded`, or the code unit (≥ 0) that it becomes as a letter of a word. */
  fate(codePoint: number): number
  /** For `expanded`: the code points in order. */
  expansion(codePoint: number): readonly Piece[]
}

/** Fates are kept once they were asked for: 256 kB for the basic plane, a map beyond it. */
export function codePoints(options: BertNormalizerOptions): CodePoints {
  const sets = {
    removed: codePointSet(removedRanges),
    space: codePointSet(spaceRanges),
    han: codePointSet(hanRanges),
    decomposed: codePointSet(decomposedRanges),
    mark: codePointSet(markRanges),
    breaks: codePointSet(breakRanges),
    punctuation: codePointSet(punctuationRanges),
  }
  const young = new Map(lowered)
  const unknown = -9
  const basic = new Int32Array(0x10000).fill(unknown)
  const beyond = new Map<number, number>()
  const expansions = new Map<number, readonly Piece[]>()

  const lower = (codePoint: number): number[] => {
    const small = young.get(codePoint)
    return small === undefined ? [...String.fromCodePoint(codePoint).toLowerCase()].map((c) => c.codePointAt(0)!) : [small]
  }

  const pieces = (codePoint: number): Piece[] => {
    // A lone surrogate is no character; every decoder would have put U+FFFD there.
    let own = codePoint >= 0xd800 && codePoint < 0xe000 ? 0xfffd : codePoint
    if (options.cleanText) {
      if (sets.removed(own)) return []
      if (sets.space(own)) own = 0x20
    }
    const isolated = options.handleChineseChars && sets.han(own)
    let become = [own]
    if (options.stripAccents) {
      if (sets.mark(own)) return []
      if (sets.decomposed(own)) become = [...String.fromCodePoint(own).normalize('NFD')].map((c) => c.codePointAt(0)!)
      become = become.filter((c) => !sets.mark(c))
    }
    if (options.lowercase) become = become.flatMap(lower)
    const list = become.map((c): Piece => ({ codePoint: c, kind: sets.breaks(c) ? 'space' : sets.punctuation(c) ? 'alone' : 'letter' }))
    if (!isolated) return list
    return [{ codePoint: 0x20, kind: 'space' }, ...list, { codePoint: 0x20, kind: 'space' }]
  }

  const decide = (codePoint: number): number => {
    const list = pieces(codePoint)
    if (list.length === 0) return removed
    if (list.every((piece) => piece.kind === 'space')) return space
    const [first] = list
    if (list.length === 1 && first.kind === 'letter' && first.codePoint < 0x10000) return first.codePoint
    const itself = list.filter((piece) => piece.kind !== 'space')
    if (itself.length === 1 && itself[0].codePoint === codePoint && (list.length === 3 || itself[0].kind === 'alone')) return alone
    expansions.set(codePoint, list)
    return expanded
  }

  return {
    fate: (codePoint) => {
      if (codePoint < 0x10000) {
        if (basic[codePoint] === unknown) basic[codePoint] = decide(codePoint)
        return basic[codePoint]
      }
      let fate = beyond.get(codePoint)
      if (fate === undefined) {
        fate = decide(codePoint)
        // Everything that can come is bounded by Unicode itself; most of it is identity.
        beyond.set(codePoint, fate)
      }
      return fate
    },
    expansion: (codePoint) => expansions.get(codePoint) ?? [],
  }
}

/** Membership by binary search in `[gap, length, …]` ranges. */
function codePointSet(ranges: readonly number[]): (codePoint: number) => boolean {
  const bounds: number[] = []
  let end = 0
  for (const step of ranges) {
    end += step
    bounds.push(end)
  }
  return (codePoint) => {
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (bounds[middle] <= codePoint) low = middle + 1
      else high = middle
    }
    // An odd number of bounds at or below: inside a range.
    return low % 2 === 1
  }
}
