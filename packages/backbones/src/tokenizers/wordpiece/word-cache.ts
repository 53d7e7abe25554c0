import type { IdBuffer } from '../id-buffer.js'

/** Longest word that is kept, in code units. */
const longest = 40

/**
 * Words → token ids, in typed arrays of fixed size (about 3 MB): nothing is allocated for a word, and no text is kept
 * alive by a piece of it. When it is full it starts anew, which costs little: frequent words are back at once.
 */
export class WordCache {
  readonly #slots = 1 << 16
  /** hash, start in units, start in ids, length and number of ids (0 units: free) */
  readonly #table = new Int32Array(this.#slots * 4)
  readonly #units = new Uint16Array(1 << 19)
  readonly #ids = new Int32Array(1 << 17)
  #words = 0
  #unitsUsed = 0
  #idsUsed = 0

  /** Appends the ids of the word and returns true, or returns false. */
  get(word: Uint16Array, length: number, hash: number, out: IdBuffer): boolean {
    if (length > longest) return false
    const table = this.#table
    const units = this.#units
    let at = (hash & (this.#slots - 1)) * 4
    while (table[at + 3] !== 0) {
      if (table[at] === hash && table[at + 3] >>> 16 === length) {
        const start = table[at + 1]
        let i = 0
        while (i < length && units[start + i] === word[i]) i++
        if (i === length) {
          const first = table[at + 2]
          const count = table[at + 3] & 0xffff
          for (let k = 0; k < count; k++) out.push(this.#ids[first + k])
          return true
        }
      }
      at = (at + 4) & (this.#slots * 4 - 1)
    }
    return false
  }

  /** Keeps the ids from `first` to the end of `out` as those of the word. */
  set(word: Uint16Array, length: number, hash: number, out: IdBuffer, first: number): void {
    const count = out.length - first
    if (length > longest) return
    if (this.#words * 4 > this.#slots * 3 || this.#unitsUsed + length > this.#units.length || this.#idsUsed + count > this.#ids.length) {
      this.#table.fill(0)
      this.#words = this.#unitsUsed = this.#idsUsed = 0
    }
    const table = this.#table
    let at = (hash & (this.#slots - 1)) * 4
    while (table[at + 3] !== 0) at = (at + 4) & (this.#slots * 4 - 1)
    table[at] = hash
    table[at + 1] = this.#unitsUsed
    table[at + 2] = this.#idsUsed
    table[at + 3] = (length << 16) | count
    this.#words++
    for (let i = 0; i < length; i++) this.#units[this.#unitsUsed++] = word[i]
    for (let i = first; i < out.length; i++) this.#ids[this.#idsUsed++] = out.at(i)
  }
}
