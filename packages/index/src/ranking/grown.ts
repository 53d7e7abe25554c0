type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array

/** The array itself when it holds `needed` numbers, else a copy at least half as large again. */
export function grown<T extends NumberArray>(array: T, needed: number): T {
  if (needed <= array.length) return array
  const larger = new (array.constructor as new (length: number) => T)(Math.max(needed, Math.ceil(array.length * 1.5), 64))
  larger.set(array)
  return larger
}
