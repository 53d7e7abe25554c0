import type { Token } from '@ms/core'

interface Unit {
  readonly text: string
  readonly start: number
  readonly end: number
}

// What belongs to the character before it: marks, half-width voicing signs, the vowels and finals of taken-apart Hangul.
const continues = /[\p{M}\p{Cf}\uff9e\uff9f\u1160-\u11ff]/u

/** Characters of a run with their marks, in composed and full-width form. */
function units(run: string, offset: number): Unit[] {
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

// Every character is one UTF-16 unit and already in its plain form.
const plain = /^[\u3005-\u3007\u3041-\u3096\u30a1-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]*$/

/**
 * Overlapping bigrams of a run without spaces (`文本框` → `文本`, `本框`); a run of one character is a term by itself.
 * The same on every machine, where a dictionary's words would change with its version.
 */
export function pushUnspaced(text: string, start: number, end: number, out: Token[]): void {
  const run = text.slice(start, end)
  if (plain.test(run)) {
    if (run.length === 1) out.push({ term: run, start, end })
    for (let i = start; i + 1 < end; i++) out.push({ term: text.slice(i, i + 2), start: i, end: i + 2 })
    return
  }
  const all = units(run, start)
  if (all.length === 1) out.push({ term: all[0].text, start, end })
  for (let i = 0; i + 1 < all.length; i++) out.push({ term: all[i].text + all[i + 1].text, start: all[i].start, end: all[i + 1].end })
}
