import type { PreparedPicture } from '@ms/backbones'
import { type Augment, assertSetting, between } from '../augment.js'

export interface RotateOptions {
  /** At most so far either way, degrees. Default: 15. */
  readonly degrees?: number
}

/** Turned about its middle, bilinear; what comes in at the corners continues the nearest edge. @throws `augment.settings` */
export function rotate({ degrees = 15 }: RotateOptions = {}): Augment<PreparedPicture> {
  assertSetting(degrees >= 0 && degrees <= 180, `degrees must be from 0 to 180, not ${degrees}`)
  return (picture, random) => turned(picture, (between(random, [-degrees, degrees]) * Math.PI) / 180)
}

/** Counter-clockwise by an angle in radians. */
export function turned({ cost, width, height, pixels }: PreparedPicture, angle: number): PreparedPicture {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2]
  const [lastX, lastY] = [width - 1, height - 1]
  const result = new Uint8Array(pixels.length)
  for (let y = 0, to = 0; y < height; y++) {
    // Where the row's first pixel comes from, and one step to the right.
    let fromX = middleX - middleX * cos - (y - middleY) * sin
    let fromY = middleY - middleX * sin + (y - middleY) * cos
    for (let x = 0; x < width; x++, to += 3, fromX += cos, fromY += sin) {
      const clampedX = Math.min(lastX, Math.max(0, fromX))
      const clampedY = Math.min(lastY, Math.max(0, fromY))
      const left = clampedX | 0
      const top = clampedY | 0
      const right = clampedX - left
      const down = clampedY - top
      const a = (top * width + left) * 3
      const b = left < lastX ? a + 3 : a
      const c = top < lastY ? a + width * 3 : a
      const d = c + b - a
      const [wa, wb, wc, wd] = [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down]
      result[to] = pixels[a] * wa + pixels[b] * wb + pixels[c] * wc + pixels[d] * wd + 0.5
      result[to + 1] = pixels[a + 1] * wa + pixels[b + 1] * wb + pixels[c + 1] * wc + pixels[d + 1] * wd + 0.5
      result[to + 2] = pixels[a + 2] * wa + pixels[b + 2] * wb + pixels[c + 2] * wc + pixels[d + 2] * wd + 0.5
    }
  }
  return { cost, width, height, pixels: result }
}
