/** Token ids being gathered: an Int32Array that grows. */
export class IdBuffer {
  #ids = new Int32Array(256)
  length = 0

  push(id: number): void {
    if (this.length === this.#ids.length) this.#grow(this.length + 1)
    this.#ids[this.length++] = id
  }

  append(ids: ArrayLike<number>): void {
    if (this.length + ids.length > this.#ids.length) this.#grow(this.length + ids.length)
    this.#ids.set(ids, this.length)
    this.length += ids.length
  }

  at(i: number): number {
    return this.#ids[i]
  }

  /** Drops the ids from `start` to before `end`. */
  remove(start: number, end: number): void {
    this.#ids.copyWithin(start, end, this.length)
    this.length -= end - start
  }

  /** A copy. */
  take(start = 0, end = this.length): Int32Array<ArrayBuffer> {
    return this.#ids.slice(start, end)
  }

  #grow(least: number): void {
    const ids = new Int32Array(Math.max(least, this.#ids.length * 2))
    ids.set(this.#ids)
    this.#ids = ids
  }
}
