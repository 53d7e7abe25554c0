/** Texts as token ids, one after the other: text `i` is `ids[offsets[i] … offsets[i + 1])`. */
export interface TokenizedTexts {
  readonly ids: Int32Array
  /** `[count + 1]` */
  readonly offsets: Int32Array
}

/** @param limit tokens kept of each text */
export function packTokens(texts: readonly ArrayLike<number>[], limit = Number.POSITIVE_INFINITY): TokenizedTexts {
  const offsets = new Int32Array(texts.length + 1)
  texts.forEach((text, i) => {
    offsets[i + 1] = offsets[i] + Math.min(limit, text.length)
  })
  const ids = new Int32Array(offsets[texts.length])
  texts.forEach((text, i) => {
    for (let k = 0, at = offsets[i]; at < offsets[i + 1]; k++, at++) ids[at] = text[k]
  })
  return { ids, offsets }
}

/** How often each token occurs in the texts. `[vocabulary]` */
export function countTokens(texts: Iterable<TokenizedTexts>, vocabulary: number): Float64Array {
  const counts = new Float64Array(vocabulary)
  for (const { ids } of texts) for (const id of ids) counts[id]++
  return counts
}
