import type { Token } from '@ms/core'
import { isPlain, unitsOf } from './unspaced-units.js'

/**
 * The terms by which a run without spaces is found: its overlapping bigrams (`文本框` → `文本`, `本框`), and beside them its single
 * characters, which make the document no longer. The same on every machine, where a dictionary's words would change with its version.
 */
export function pushUnspaced(text: string, start: number, end: number, out: Token[]): void {
  const run = text.slice(start, end)
  if (isPlain(run)) {
    if (run.length === 1) {
      out.push({ term: run, start, end })
      return
    }
    for (let i = start; i < end; i++) {
      out.push({ term: text[i], start: i, end: i + 1, overlap: true })
      if (i + 1 < end) out.push({ term: text.slice(i, i + 2), start: i, end: i + 2 })
    }
    return
  }
  const units = unitsOf(run, start)
  if (units.length === 1) {
    out.push({ term: units[0].text, start, end })
    return
  }
  for (const [i, unit] of units.entries()) {
    out.push({ term: unit.text, start: unit.start, end: unit.end, overlap: true })
    if (i + 1 < units.length) out.push({ term: unit.text + units[i + 1].text, start: unit.start, end: units[i + 1].end })
  }
}
