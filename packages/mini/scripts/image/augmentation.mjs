import { colourJitter, compose, erase, greyscale, horizontalFlip, randomResizedCrop, rotate, sometimes } from '@ms/finetune'
import { pixels } from './network.mjs'

/** What may change about a drawing while it stays a drawing of the same thing, and not much of it. */
export const gentle = compose(
  sometimes(0.2, rotate({ degrees: 10 })),
  sometimes(0.8, randomResizedCrop({ size: [pixels, pixels], area: [0.65, 1], ratio: [0.85, 1.18] })),
  sometimes(0.3, horizontalFlip()),
  sometimes(0.6, colourJitter({ brightness: 0.2, contrast: 0.2, saturation: 0.3, hue: 0.03 })),
  sometimes(0.05, greyscale()),
  sometimes(0.1, erase()),
)
