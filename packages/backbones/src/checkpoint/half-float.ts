/** IEEE 754 binary16 (as raw 16-bit words) → float32. Exact. */
export function decodeFloat16(words: Uint16Array): Float32Array {
  const table = float16Table()
  const values = new Float32Array(words.length)
  for (let i = 0; i < words.length; i++) values[i] = table[words[i]]
  return values
}

/** bfloat16 (as raw 16-bit words) → float32. Exact: bfloat16 is the upper half of a float32. */
export function decodeBfloat16(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length)
  for (let i = 0; i < words.length; i++) bits[i] = words[i] << 16
  return new Float32Array(bits.buffer)
}

/** float32 → IEEE 754 binary16 as raw 16-bit words, rounded to nearest, ties to even; beyond ±65504 becomes infinity. */
export function encodeFloat16(values: Float32Array): Uint16Array {
  const words = new Uint16Array(values.length)
  const one = new Float32Array(1)
  const bits = new Uint32Array(one.buffer)
  for (let i = 0; i < values.length; i++) {
    one[0] = values[i]
    words[i] = float16Bits(bits[0])
  }
  return words
}

function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00 // rounds to 65520 or more
  if (magnitude < 0x38800000) {
    // Subnormal in half precision: a whole number of 2^-24, found by adding a float whose last bit weighs that much.
    const shift = 126 - (magnitude >>> 23)
    if (shift > 24) return sign
    const mantissa = (magnitude & 0x7fffff) | 0x800000
    return sign | roundShift(mantissa, shift)
  }
  return sign | roundShift(magnitude - 0x38000000, 13)
}

/** `value / 2^shift`, rounded to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const half = 2 ** (shift - 1)
  const quotient = Math.floor(value / (half * 2))
  const rest = value - quotient * half * 2
  return quotient + (rest > half || (rest === half && quotient % 2 === 1) ? 1 : 0)
}

/** All 65,536 halves. Made at each use (0.5 ms): a model is read once, and a module keeps no state. */
function float16Table(): Float32Array {
  const table = new Float32Array(65536)
  for (let word = 0; word < 65536; word++) {
    const sign = word & 0x8000 ? -1 : 1
    const exponent = (word >>> 10) & 31
    const fraction = word & 1023
    if (exponent === 31) table[word] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    else if (exponent === 0) table[word] = sign * fraction * 2 ** -24
    else table[word] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  }
  return table
}
