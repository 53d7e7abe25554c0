import type { PreparedPicture } from '@ms/backbones'
import { type Augment, assertSetting, between } from '../augment.js'

export interface GaussianBlurOptions {
  /** Standard deviation, pixels. Default: [0.1, 2]. */
  readonly sigma?: readonly [number, number]
}

/** Blurred by a random amount; edges are continued. @throws `augment.settings` */
export function gaussianBlur({ sigma = [0.1, 2] }: GaussianBlurOptions = {}): Augment<PreparedPicture> {
  assertSetting(sigma[0] > 0 && sigma[0] <= sigma[1] && sigma[1] <= 50, `sigma must be in 0 to 50, not ${sigma.join(' to ')}`)
  return (picture, random) => blurred(picture, between(random, sigma))
}

export function blurred({ cost, width, height, pixels }: PreparedPicture, sigma: number): PreparedPicture {
  const weights = bell(sigma)
  const across = alongLines(pixels, weights, { lines: height, lineStep: width * 3, places: width, placeStep: 3 })
  return { cost, width, height, pixels: alongLines(across, weights, { lines: width, lineStep: 3, places: height, placeStep: width * 3 }) }
}

/** Half a bell: the middle's weight, then those to one side; all of both sides sum to 1. */
function bell(sigma: number): Float32Array {
  const half = Float32Array.from({ length: Math.ceil(3 * sigma) + 1 }, (_, x) => Math.exp(-(x * x) / (2 * sigma * sigma)))
  const sum = half.reduce((all, weight) => all + 2 * weight, -half[0])
  return half.map((weight) => weight / sum)
}

interface Lines {
  readonly lines: number
  readonly lineStep: number
  readonly places: number
  readonly placeStep: number
}

function alongLines(from: Uint8Array, weights: Float32Array, { lines, lineStep, places, placeStep }: Lines): Uint8Array {
  const reach = weights.length - 1
  const to = new Uint8Array(from.length)
  // One channel of one line, its ends continued.
  const line = new Float32Array(places + 2 * reach)
  for (let index = 0; index < lines; index++) {
    for (let channel = 0; channel < 3; channel++) {
      const start = index * lineStep + channel
      for (let x = 0; x < places; x++) line[reach + x] = from[start + x * placeStep]
      line.fill(line[reach], 0, reach)
      line.fill(line[reach + places - 1], reach + places)
      for (let x = 0; x < places; x++) {
        let sum = line[reach + x] * weights[0] + 0.5
        for (let k = 1; k <= reach; k++) sum += (line[reach + x - k] + line[reach + x + k]) * weights[k]
        to[start + x * placeStep] = sum
      }
    }
  }
  return to
}
