const text = new TextEncoder()

/** Wire types of the protocol buffer encoding. */
const varintType = 0
const bytesType = 2
const fixed32Type = 5

/** Writes one protocol buffer message. Large byte arrays are referred to, and copied once, at the end. */
export class Message {
  readonly #parts: Uint8Array[] = []
  #small: number[] = []
  #length = 0

  /** Bytes of the message so far. */
  get length(): number {
    return this.#length + this.#small.length
  }

  /** int32, int64, bool, enum */
  integer(field: number, value: number): this {
    this.#tag(field, varintType)
    if (value >= 0) this.#varint(value)
    else this.#negative(value)
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, fixed32Type)
    this.#small.push(...new Uint8Array(Float32Array.of(value).buffer))
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, text.encode(value))
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, bytesType)
    this.#varint(value.length)
    this.#append(value)
    return this
  }

  message(field: number, value: Message): this {
    this.#tag(field, bytesType)
    this.#varint(value.length)
    for (const part of value.#finish()) this.#append(part)
    return this
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.length)
    let offset = 0
    for (const part of this.#finish()) {
      bytes.set(part, offset)
      offset += part.length
    }
    return bytes
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType)
  }

  /** Up to 2⁵³, so without bit operations. */
  #varint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.#small.push((rest % 128) + 128)
      rest = Math.floor(rest / 128)
    }
    this.#small.push(rest)
  }

  /** The ten bytes of a negative number's two's complement. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest >= 128n; rest >>= 7n) this.#small.push(Number(rest & 127n) + 128)
    this.#small.push(Number(rest))
  }

  #append(part: Uint8Array): void {
    if (part.length < 64) {
      for (const byte of part) this.#small.push(byte)
      return
    }
    this.#flush()
    this.#parts.push(part)
    this.#length += part.length
  }

  #flush(): void {
    if (this.#small.length === 0) return
    this.#parts.push(Uint8Array.from(this.#small))
    this.#length += this.#small.length
    this.#small = []
  }

  #finish(): readonly Uint8Array[] {
    this.#flush()
    return this.#parts
  }
}
