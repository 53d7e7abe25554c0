import type { PreparedPicture } from '@ms/backbones'
import { type Augment, assertSetting, between } from '../augment.js'

export interface EraseOptions {
  /** Share of the picture's area. Default: [0.02, 0.2]. */
  readonly area?: readonly [number, number]
  /** Width ÷ height of what is erased. Default: [0.3, 3.3]. */
  readonly ratio?: readonly [number, number]
}

/** A random rectangle becomes one random colour (Zhong et al. 2020). @throws `augment.settings` */
export function erase({ area = [0.02, 0.2], ratio = [0.3, 3.3] }: EraseOptions = {}): Augment<PreparedPicture> {
  assertSetting(area[0] >= 0 && area[0] <= area[1] && area[1] <= 1, `area must be in 0 to 1, not ${area.join(' to ')}`)
  assertSetting(ratio[0] > 0 && ratio[0] <= ratio[1], `ratio must be positive, not ${ratio.join(' to ')}`)
  return ({ cost, width, height, pixels }, random) => {
    const wanted = width * height * between(random, area)
    const shape = Math.exp(between(random, [Math.log(ratio[0]), Math.log(ratio[1])]))
    const across = Math.min(width, Math.round(Math.sqrt(wanted * shape)))
    const down = Math.min(height, Math.round(Math.sqrt(wanted / shape)))
    const left = random.integer(width - across + 1)
    const top = random.integer(height - down + 1)
    const colour = [random.integer(256), random.integer(256), random.integer(256)]
    const result = pixels.slice()
    for (let y = top; y < top + down; y++) {
      for (let at = (y * width + left) * 3, end = at + across * 3; at < end; at += 3) result.set(colour, at)
    }
    return { cost, width, height, pixels: result }
  }
}
