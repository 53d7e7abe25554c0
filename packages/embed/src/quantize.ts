import { type Vectors, vectors } from '@ms/core'

/** Vectors at 8 bits a component: component `j` of row `i` is `data[i · dim + j] · scales[i]`. */
export interface Int8Vectors {
  readonly data: Int8Array
  /** `[count]` */
  readonly scales: Float32Array
  readonly count: number
  readonly dim: number
}

/** Vectors at 1 bit a component: most significant bit first, rows padded to whole bytes (numpy's `packbits`, as in sentence-transformers' `ubinary`). */
export interface BinaryVectors {
  readonly data: Uint8Array
  readonly bytesPerRow: number
  readonly count: number
  readonly dim: number
}

/** Rounds each row to 255 levels between minus and plus its largest component. A quarter of the memory. */
export function quantizeInt8({ data, count, dim }: Vectors): Int8Vectors {
  const quantized = new Int8Array(data.length)
  const scales = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    let largest = 0
    for (let j = i * dim; j < (i + 1) * dim; j++) largest = Math.max(largest, Math.abs(data[j]))
    scales[i] = largest / 127
    if (largest === 0) continue
    for (let j = i * dim; j < (i + 1) * dim; j++) quantized[j] = Math.round(data[j] / scales[i])
  }
  return { data: quantized, scales, count, dim }
}

/** The vectors that `quantizeInt8` stands for. */
export function dequantizeInt8({ data, scales, count, dim }: Int8Vectors): Vectors {
  const result = new Float32Array(data.length)
  for (let i = 0; i < count; i++) for (let j = i * dim; j < (i + 1) * dim; j++) result[j] = data[j] * scales[i]
  return vectors(result, count, dim)
}

/** Keeps the sign of each component: 1 where it is above zero. A thirty-second of the memory. */
export function quantizeBinary({ data, count, dim }: Vectors): BinaryVectors {
  const bytesPerRow = Math.ceil(dim / 8)
  const bits = new Uint8Array(count * bytesPerRow)
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < dim; j++) if (data[i * dim + j] > 0) bits[i * bytesPerRow + (j >> 3)] |= 0x80 >> (j & 7)
  }
  return { data: bits, bytesPerRow, count, dim }
}

/** `+1/√dim` for a bit that is set, else `−1/√dim`: unit vectors whose dot product is 1 − 2 · Hamming distance / dim. */
export function dequantizeBinary({ data, bytesPerRow, count, dim }: BinaryVectors): Vectors {
  const result = new Float32Array(count * dim)
  const size = 1 / Math.sqrt(dim)
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < dim; j++) result[i * dim + j] = data[i * bytesPerRow + (j >> 3)] & (0x80 >> (j & 7)) ? size : -size
  }
  return vectors(result, count, dim)
}
