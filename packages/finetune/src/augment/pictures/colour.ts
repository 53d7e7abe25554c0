import type { PreparedPicture } from '@ms/backbones'
import { type Augment, assertSetting, between } from '../augment.js'

/** Shares of red, green and blue in what the eye takes for brightness (ITU-R BT.601), as PIL has them. */
const luma = [0.299, 0.587, 0.114] as const

export interface ColourJitterOptions {
  /** Factor from 1 − x to 1 + x. Default: 0.4. */
  readonly brightness?: number
  /** Default: 0.4. */
  readonly contrast?: number
  /** Default: 0.4. */
  readonly saturation?: number
  /** At most so far round the colour circle, either way; ½ is half the circle. Default: 0.05. */
  readonly hue?: number
}

/**
 * Other brightness, contrast, saturation and hue, all at once: each is a linear map of a pixel's colour, so together they are
 * one matrix. (torchvision's `ColorJitter` does one after the other in random order, rounds between them, and turns the hue
 * of HSV; this one turns the chroma of YIQ, which keeps the brightness.)
 *
 * @throws `augment.settings`
 */
export function colourJitter(options: ColourJitterOptions = {}): Augment<PreparedPicture> {
  const { brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.05 } = options
  for (const [name, value] of Object.entries({ brightness, contrast, saturation })) {
    assertSetting(value >= 0 && value <= 1, `${name} must be from 0 to 1, not ${value}`)
  }
  assertSetting(hue >= 0 && hue <= 0.5, `hue must be from 0 to 0.5, not ${hue}`)
  return (picture, random) =>
    recoloured(picture, {
      brightness: between(random, [1 - brightness, 1 + brightness]),
      contrast: between(random, [1 - contrast, 1 + contrast]),
      saturation: between(random, [1 - saturation, 1 + saturation]),
      hue: between(random, [-hue, hue]),
    })
}

/** Without colour; draws nothing: use it with `sometimes(0.2, …)`. */
export function greyscale(): Augment<PreparedPicture> {
  return (picture) => recoloured(picture, { brightness: 1, contrast: 1, saturation: 0, hue: 0 })
}

/** Factors of 1 and a hue of 0 leave it as it is. */
export interface Recolouring {
  readonly brightness: number
  readonly contrast: number
  readonly saturation: number
  /** Part of the colour circle. */
  readonly hue: number
}

export function recoloured({ cost, width, height, pixels }: PreparedPicture, change: Recolouring): PreparedPicture {
  const { brightness, contrast, saturation, hue } = change
  const chroma = chromaMatrix(saturation, hue)
  const gain = brightness * contrast
  const [a, b, c, d, e, f, g, h, i] = chroma.map((x) => x * gain)
  // Contrast pulls towards the mean brightness, which neither saturation nor hue changes; ½ rounds.
  const offset = (1 - contrast) * brightness * meanLuma(pixels) + 0.5
  const result = new Uint8ClampedArray(pixels.length)
  for (let at = 0; at < pixels.length; at += 3) {
    const red = pixels[at]
    const green = pixels[at + 1]
    const blue = pixels[at + 2]
    // Clamped; floor and not the array's own rounding, so that .5 always goes up.
    result[at] = Math.floor(a * red + b * green + c * blue + offset)
    result[at + 1] = Math.floor(d * red + e * green + f * blue + offset)
    result[at + 2] = Math.floor(g * red + h * green + i * blue + offset)
  }
  return { cost, width, height, pixels: new Uint8Array(result.buffer) }
}

function meanLuma(pixels: Uint8Array): number {
  const sums = [0, 0, 0]
  for (let at = 0; at < pixels.length; at += 3) {
    sums[0] += pixels[at]
    sums[1] += pixels[at + 1]
    sums[2] += pixels[at + 2]
  }
  return (luma[0] * sums[0] + luma[1] * sums[1] + luma[2] * sums[2]) / (pixels.length / 3)
}

/** RGB → YIQ, chroma turned and scaled, → RGB, as one 3×3 matrix, row by row. */
function chromaMatrix(saturation: number, hue: number): number[] {
  const toYiq = [...luma, 0.595716, -0.274453, -0.321263, 0.211456, -0.522591, 0.311135]
  const toRgb = inverse(toYiq)
  const [cos, sin] = [saturation * Math.cos(2 * Math.PI * hue), saturation * Math.sin(2 * Math.PI * hue)]
  return product(toRgb, product([1, 0, 0, 0, cos, -sin, 0, sin, cos], toYiq))
}

const product = (left: readonly number[], right: readonly number[]) =>
  Array.from({ length: 9 }, (_, at) => {
    const row = at - (at % 3)
    const column = at % 3
    return left[row] * right[column] + left[row + 1] * right[column + 3] + left[row + 2] * right[column + 6]
  })

function inverse([a, b, c, d, e, f, g, h, i]: readonly number[]): number[] {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ].map((x) => x / determinant)
}
