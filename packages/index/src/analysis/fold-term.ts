/** Letters that no Unicode decomposition takes apart. */
const letters: ReadonlyMap<string, string> = new Map(
  Object.entries({ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ŋ: 'n', ı: 'i', ς: 'σ', ſ: 's' }),
)

// Accents fall away on Latin and Greek; elsewhere a mark may make another letter (й, が) or the vowel (Devanagari).
const accents = /(?<=[\p{Script=Latin}\p{Script=Greek}]\p{M}*)\p{M}/gu
// What a writer may leave out: Hebrew points, Arabic vowel signs and the stretching sign; and what is not seen at all.
const optional = /[\u0591-\u05c7\u064b-\u065f\u0670\u0640]|\p{Cf}|\p{Variation_Selector}/gu

/** Compatibility forms, case and accents away: `Ｃafé` → `cafe`, `Straße` → `strasse`, `Ωμέγα` → `ωμεγα`. */
export function foldTerm(text: string): string {
  const bare = text.normalize('NFKD').replace(optional, '').replace(accents, '').normalize('NFKC').toLowerCase()
  let folded = ''
  for (const character of bare) folded += letters.get(character) ?? character
  // Lower-casing may bring an accent back (İ), and a fraction holds a slash.
  return folded
    .normalize('NFKD')
    .replace(accents, '')
    .replace(/\u2044/g, '/')
    .normalize('NFKC')
}
