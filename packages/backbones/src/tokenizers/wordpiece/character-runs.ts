export interface CharacterRuns {
  contains(codePoint: number): boolean
  readonly longest: number
}

/**
 * Reads a regular expression of the form `[class]{1,n}`, where the class lists characters and ranges without escapes and
 * nesting. Undefined for anything else.
 */
export function characterRuns(regex: string): CharacterRuns | undefined {
  const form = /^\[(?!\^)([^\\[\]&~|]+)\]\{1,(\d{1,4})\}$/u.exec(regex)
  if (!form) return undefined
  const longest = Number(form[2])
  const characters = [...form[1]].map((c) => c.codePointAt(0)!)
  const hyphen = 0x2d
  const ranges: [number, number][] = []
  for (let i = 0; i < characters.length; i++) {
    const first = characters[i]
    if (first === hyphen) return undefined
    const last = characters[i + 1] === hyphen ? characters[i + 2] : first
    if (last === undefined || last === hyphen || last < first) return undefined
    if (last !== first || characters[i + 1] === hyphen) i += 2
    ranges.push([first, last])
  }
  const basic = new Uint8Array(0x10000)
  const beyond: [number, number][] = []
  for (const [first, last] of ranges) {
    if (first < 0x10000) basic.fill(1, first, Math.min(last, 0xffff) + 1)
    if (last > 0xffff) beyond.push([first, last])
  }
  return {
    contains: (codePoint) =>
      codePoint < 0x10000 ? basic[codePoint] === 1 : beyond.some(([first, last]) => first <= codePoint && codePoint <= last),
    longest,
  }
}
