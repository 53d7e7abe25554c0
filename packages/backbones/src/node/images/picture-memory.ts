import type { PreparedPicture } from '../../images/prepared-picture.js'

/** Keeps the pictures that were used last, under a budget of bytes. */
export class PictureMemory {
  readonly #budget: number
  readonly #kept = new Map<string, PreparedPicture>()
  #bytes = 0

  constructor(budget: number) {
    this.#budget = budget
  }

  get(key: string): PreparedPicture | undefined {
    const picture = this.#kept.get(key)
    if (picture) {
      // A Map keeps the order of insertion: the first is the one that was not used for the longest time.
      this.#kept.delete(key)
      this.#kept.set(key, picture)
    }
    return picture
  }

  set(key: string, picture: PreparedPicture): void {
    if (picture.pixels.length > this.#budget || this.#kept.has(key)) return
    this.#kept.set(key, picture)
    this.#bytes += picture.pixels.length
    for (const [oldest, { pixels }] of this.#kept) {
      if (this.#bytes <= this.#budget) break
      this.#kept.delete(oldest)
      this.#bytes -= pixels.length
    }
  }
}
