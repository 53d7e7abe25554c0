/** One character of a run with its marks, in composed and full-width form, and where it stands. */
export interface Unit {
  readonly text: string
  readonly start: number
  readonly end: number
}

// What belongs to the character before it: marks, half-width voicing signs, the vowels and finals of taken-apart Hangul.
const continues = /[\p{M}\p{Cf}\uff9e\uff9f\u1160-\u11ff]/u

// Every character is one UTF-16 unit and already in its plain form.
const plain = /^[\u3005-\u3007\u3041-\u3096\u30a1-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]*$/

/** Whether every character of a run is one UTF-16 unit and its own plain form, so that the run can be cut where it stands. */
export const isPlain = (run: string): boolean => plain.test(run)

/** The characters of a run that begins at `offset` of its text. */
export function unitsOf(run: string, offset: number): Unit[] {
  const clusters: Unit[] = []
  let at = offset
  for (const character of run) {
    const end = at + character.length
    const last = clusters.at(-1)
    if (last && continues.test(character)) clusters[clusters.length - 1] = { text: last.text + character, start: last.start, end }
    else clusters.push({ text: character, start: at, end })
    at = end
  }
  return clusters.map(({ text, start, end }) => ({ text: text.normalize('NFKC').replace(/\p{Cf}/gu, ''), start, end }))
}
