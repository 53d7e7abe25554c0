import type { PreparedPicture } from '@ms/backbones'
import type { Augment } from '../augment.js'

/** Left becomes right; draws nothing: use it with `sometimes(0.5, …)`. */
export function horizontalFlip(): Augment<PreparedPicture> {
  return ({ cost, width, height, pixels }) => {
    const flipped = new Uint8Array(pixels.length)
    for (let y = 0, from = 0; y < height; y++) {
      for (let x = 0, to = ((y + 1) * width - 1) * 3; x < width; x++, from += 3, to -= 3) {
        flipped[to] = pixels[from]
        flipped[to + 1] = pixels[from + 1]
        flipped[to + 2] = pixels[from + 2]
      }
    }
    return { cost, width, height, pixels: flipped }
  }
}
