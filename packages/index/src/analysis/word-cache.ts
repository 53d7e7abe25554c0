const capacity = 1 << 16
const slots = capacity * 4
const longest = 32

/**
 * Remembers what ASCII words become, whatever their case. Looks a word up where it stands in the text, by its characters: a text
 * of a million words makes no million strings.
 */
export function wordCache(make: (word: string) => string): (text: string, start: number, end: number) => string {
  /** Hash and number of an entry, side by side: one look into memory a slot. */
  let table: Int32Array | undefined
  let ends = new Int32Array(0)
  let characters = new Uint8Array(0)
  let terms: string[] = []

  const clear = (): Int32Array => {
    // Made at the first word: an analyser that cuts one query costs nothing.
    if (table) table.fill(0)
    else {
      table = new Int32Array(2 * slots)
      ends = new Int32Array(capacity)
      characters = new Uint8Array(capacity * 8)
    }
    terms = ['']
    return table
  }

  return (text, start, end) => {
    if (end - start > longest) return make(text.slice(start, end))
    const places = table ?? clear()
    let hash = 0x811c9dc5
    for (let i = start; i < end; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return make(text.slice(start, end))
      // Lower case; digits and signs have the bit already.
      hash = Math.imul(hash ^ (code | 32), 0x01000193)
    }
    let slot = (hash ^ (hash >>> 15)) & (slots - 1)
    for (let entry = places[2 * slot + 1]; entry !== 0; entry = places[2 * slot + 1]) {
      if (places[2 * slot] === hash) {
        let at = ends[entry - 1]
        let i = start
        if (ends[entry] - at === end - start) {
          while (i < end && characters[at] === (text.charCodeAt(i) | 32)) {
            at++
            i++
          }
        }
        if (i === end) return terms[entry]
      }
      slot = (slot + 1) & (slots - 1)
    }
    const term = make(text.slice(start, end))
    const entry = terms.length
    const from = ends[entry - 1]
    if (entry + 1 === capacity || from + end - start > characters.length) {
      clear()
      return term
    }
    for (let i = start; i < end; i++) characters[from + i - start] = text.charCodeAt(i) | 32
    ends[entry] = from + end - start
    terms.push(term)
    places[2 * slot] = hash
    places[2 * slot + 1] = entry
    return term
  }
}
