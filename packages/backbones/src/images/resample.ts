import type { Interpolation } from './image-settings.js'
import type { Picture } from './prepared-picture.js'

/** A rectangle of a picture, in pixels; need not be whole. */
export interface Region {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface ResampleOptions {
  readonly width: number
  readonly height: number
  readonly interpolation: Interpolation
  /** Default: the whole picture. */
  readonly region?: Region
}

/**
 * A region of a picture at another size, as PIL does it: each output pixel is the weighted mean of the pixels below a kernel
 * that is as wide as the output pixel, rows first, then columns, in its fixed-point arithmetic: the same bits.
 */
export function resample(picture: Picture, options: ResampleOptions): Picture {
  const { width, height, interpolation } = options
  const { left, top, ...region } = options.region ?? { left: 0, top: 0, width: picture.width, height: picture.height }
  const across = kernelTaps(picture.width, left, region.width, width, interpolation)
  const down = kernelTaps(picture.height, top, region.height, height, interpolation)
  // Only the rows that some output row reads.
  const firstRow = down.first[0]
  const rows = down.first[height - 1] + down.count[height - 1] - firstRow
  const between = new Uint8ClampedArray(rows * width * 3)
  alongRows(picture, firstRow, rows, across, between, width)
  const pixels = new Uint8ClampedArray(width * height * 3)
  alongColumns(between, firstRow, down, pixels, width, height)
  return { width, height, pixels: new Uint8Array(pixels.buffer) }
}

/** Bits after the point of a weight. */
const fraction = 22
const half = 1 << (fraction - 1)

/** For each output place: which input places it reads, and with what weights (summing to 1 << fraction). */
interface Taps {
  readonly first: Int32Array
  readonly count: Int32Array
  /** `[output, most]`. */
  readonly weights: Int32Array
  readonly most: number
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

const kernels: Readonly<Record<Exclude<Interpolation, 'nearest'>, { support: number; at: (x: number) => number }>> = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys with a = −½.
  bicubic: {
    support: 2,
    at: (x) => {
      const t = Math.abs(x)
      if (t < 1) return (1.5 * t - 2.5) * t * t + 1
      return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0
    },
  },
  lanczos: { support: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
}

function kernelTaps(size: number, start: number, length: number, output: number, interpolation: Interpolation): Taps {
  const step = length / output
  const first = new Int32Array(output)
  const count = new Int32Array(output).fill(1)
  if (interpolation === 'nearest') {
    // Added up as PIL does, so that what falls between two pixels falls to the same side.
    for (let i = 0, at = start + step * 0.5; i < output; i++, at += step) first[i] = Math.min(size - 1, Math.floor(at))
    return { first, count, weights: new Int32Array(output).fill(1 << fraction), most: 1 }
  }
  const kernel = kernels[interpolation]
  const scale = Math.max(1, step)
  const support = kernel.support * scale
  const most = Math.ceil(support) * 2 + 1
  const weights = new Int32Array(output * most)
  for (let i = 0; i < output; i++) {
    const centre = start + (i + 0.5) * step
    const from = Math.max(0, Math.trunc(centre - support + 0.5))
    const to = Math.min(size, Math.trunc(centre + support + 0.5))
    first[i] = from
    count[i] = to - from
    let sum = 0
    for (let t = from; t < to; t++) sum += kernel.at((t - centre + 0.5) / scale)
    for (let t = from; t < to; t++) weights[i * most + t - from] = Math.round((kernel.at((t - centre + 0.5) / scale) / sum) * 2 ** fraction)
  }
  return { first, count, weights, most }
}

function alongRows(picture: Picture, firstRow: number, rows: number, taps: Taps, to: Uint8ClampedArray, width: number): void {
  const { pixels } = picture
  const { first, count, weights, most } = taps
  let at = 0
  for (let y = 0; y < rows; y++) {
    const row = (firstRow + y) * picture.width
    for (let x = 0; x < width; x++, at += 3) {
      let red = half
      let green = half
      let blue = half
      let from = (row + first[x]) * 3
      const end = x * most + count[x]
      for (let t = x * most; t < end; t++, from += 3) {
        const weight = weights[t]
        red += weight * pixels[from]
        green += weight * pixels[from + 1]
        blue += weight * pixels[from + 2]
      }
      to[at] = red >> fraction
      to[at + 1] = green >> fraction
      to[at + 2] = blue >> fraction
    }
  }
}

function alongColumns(from: Uint8ClampedArray, firstRow: number, taps: Taps, to: Uint8ClampedArray, width: number, height: number): void {
  const line = width * 3
  const sums = new Int32Array(line)
  for (let y = 0; y < height; y++) {
    sums.fill(half)
    for (let t = 0; t < taps.count[y]; t++) {
      const weight = taps.weights[y * taps.most + t]
      const start = (taps.first[y] - firstRow + t) * line
      for (let x = 0; x < line; x++) sums[x] += weight * from[start + x]
    }
    const end = y * line
    for (let x = 0; x < line; x++) to[end + x] = sums[x] >> fraction
  }
}
