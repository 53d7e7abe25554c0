import type { Hit } from '@ms/core'

/** Keeps the best `capacity` of the rows offered to it: higher score first, equal scores in the order of ids. */
export class HitHeap {
  /** A row with a lower score has no chance any more. */
  threshold = Number.NEGATIVE_INFINITY
  // A heap whose root is the worst of the kept ones.
  readonly #rows: number[] = []
  readonly #scores: number[] = []
  readonly #capacity: number
  readonly #ids: readonly string[]

  constructor(capacity: number, ids: readonly string[]) {
    this.#capacity = capacity
    this.#ids = ids
  }

  get full(): boolean {
    return this.#rows.length >= this.#capacity
  }

  /** A score that is NaN is never kept. */
  offer(row: number, score: number): void {
    const size = this.#rows.length
    if (size < this.#capacity) {
      if (Number.isNaN(score)) return
      this.#rows.push(row)
      this.#scores.push(score)
      this.#rise(size)
    } else if (this.#capacity > 0 && (score > this.threshold || (score === this.threshold && this.#ids[row] < this.#ids[this.#rows[0]]))) {
      this.#rows[0] = row
      this.#scores[0] = score
      this.#sink()
    } else return
    if (this.full) this.threshold = this.#scores[0]
  }

  /** Best first. */
  hits(): Hit[] {
    return Array.from(this.#rows, (_, i) => i)
      .sort((a, b) => (this.#worse(a, b) ? 1 : -1))
      .map((i) => ({ id: this.#ids[this.#rows[i]], score: this.#scores[i] }))
  }

  #worse(a: number, b: number): boolean {
    const [x, y] = [this.#scores[a], this.#scores[b]]
    return x < y || (x === y && this.#ids[this.#rows[a]] > this.#ids[this.#rows[b]])
  }

  #swap(a: number, b: number): void {
    const [row, score] = [this.#rows[a], this.#scores[a]]
    this.#rows[a] = this.#rows[b]
    this.#scores[a] = this.#scores[b]
    this.#rows[b] = row
    this.#scores[b] = score
  }

  #rise(start: number): void {
    for (let at = start; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#worse(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(): void {
    const size = this.#rows.length
    for (let at = 0; ; ) {
      let worst = at
      const left = 2 * at + 1
      if (left < size && this.#worse(left, worst)) worst = left
      if (left + 1 < size && this.#worse(left + 1, worst)) worst = left + 1
      if (worst === at) return
      this.#swap(at, worst)
      at = worst
    }
  }
}
