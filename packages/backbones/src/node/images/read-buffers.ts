/** Larger ones are not kept: what a large file costs to decode hides what its memory costs. */
const mostKept = 2 * 2 ** 20

/**
 * Memory that files are read into, used again and again. Fresh memory costs a fault of the processor for every page of it, which is felt
 * where large PNGs are decoded.
 */
export class ReadBuffers {
  readonly #free: Buffer[] = []

  /** At least `size` bytes, with anything in them. */
  take(size: number): Buffer {
    const last = this.#free.pop()
    return last && last.length >= size ? last : Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(Math.max(4096, size))))
  }

  /** Nobody reads from it any more. */
  give(buffer: Buffer): void {
    if (buffer.length <= mostKept) this.#free.push(buffer)
  }
}
