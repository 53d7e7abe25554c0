import type { PictureSize, PreparedPicture } from '@ms/backbones'
import { type Augment, compose, sometimes } from '../augment.js'
import { colourJitter, greyscale } from './colour.js'
import { erase } from './erase.js'
import { gaussianBlur } from './gaussian-blur.js'
import { horizontalFlip } from './horizontal-flip.js'
import { randomResizedCrop } from './random-resized-crop.js'
import { rotate } from './rotate.js'

/**
 * What usually helps: `light` for fine-tuning a pre-trained network on few pictures, `strong` for training from scratch and for
 * learning from pictures alone (the recipe of SimCLR, with erasing).
 *
 * @param size of the network's input
 */
export function standardPictureAugment(size: PictureSize, strength: 'light' | 'strong' = 'light'): Augment<PreparedPicture> {
  if (strength === 'light') {
    return compose(
      randomResizedCrop({ size, area: [0.6, 1] }),
      sometimes(0.5, horizontalFlip()),
      sometimes(0.5, colourJitter({ brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.02 })),
    )
  }
  return compose(
    sometimes(0.5, rotate()),
    randomResizedCrop({ size }),
    sometimes(0.5, horizontalFlip()),
    sometimes(0.8, colourJitter({ hue: 0.1 })),
    sometimes(0.2, greyscale()),
    sometimes(0.3, gaussianBlur({ sigma: [0.1, Math.max(0.1, size[0] / 112)] })),
    sometimes(0.25, erase()),
  )
}
