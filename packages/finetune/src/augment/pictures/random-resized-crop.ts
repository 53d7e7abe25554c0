import { type Interpolation, type PictureSize, type PreparedPicture, type Region, resample } from '@ms/backbones'
import type { Random } from '@ms/core'
import { type Augment, assertSetting, between } from '../augment.js'

export interface RandomResizedCropOptions {
  /** Of the result: the network's input. */
  readonly size: PictureSize
  /** Share of the picture's area. Default: [0.3, 1]. */
  readonly area?: readonly [number, number]
  /** Width ÷ height. Default: [3/4, 4/3]. */
  readonly ratio?: readonly [number, number]
  /** Default: bilinear. */
  readonly interpolation?: Interpolation
}

/** A random part of a picture at the network's input size (torchvision's `RandomResizedCrop`). @throws `augment.settings` */
export function randomResizedCrop(options: RandomResizedCropOptions): Augment<PreparedPicture> {
  const { size, area = [0.3, 1], ratio = [3 / 4, 4 / 3], interpolation = 'bilinear' } = options
  assertSetting(area[0] > 0 && area[0] <= area[1] && area[1] <= 1, `area must be in 0 to 1, not ${area.join(' to ')}`)
  assertSetting(ratio[0] > 0 && ratio[0] <= ratio[1], `ratio must be positive, not ${ratio.join(' to ')}`)
  const [height, width] = size
  return (picture, random) => {
    const region = part(picture, area, ratio, random)
    return { cost: 1, ...resample(picture, { width, height, interpolation, region }) }
  }
}

function part(picture: PreparedPicture, area: readonly [number, number], ratio: readonly [number, number], random: Random): Region {
  const whole = picture.width * picture.height
  for (let attempt = 0; attempt < 10; attempt++) {
    const wanted = whole * between(random, area)
    const shape = Math.exp(between(random, [Math.log(ratio[0]), Math.log(ratio[1])]))
    const width = Math.round(Math.sqrt(wanted * shape))
    const height = Math.round(Math.sqrt(wanted / shape))
    if (width < 1 || height < 1 || width > picture.width || height > picture.height) continue
    return { left: random.integer(picture.width - width + 1), top: random.integer(picture.height - height + 1), width, height }
  }
  // The largest middle part whose shape is allowed.
  const shape = Math.min(ratio[1], Math.max(ratio[0], picture.width / picture.height))
  const width = Math.min(picture.width, Math.max(1, Math.round(picture.height * shape)))
  const height = Math.min(picture.height, Math.max(1, Math.round(picture.width / shape)))
  return { left: Math.floor((picture.width - width) / 2), top: Math.floor((picture.height - height) / 2), width, height }
}
