import { colourJitter, compose, erase, gaussianBlur, greyscale, horizontalFlip, randomResizedCrop, rotate, sometimes } from '@ms/finetune'

/** What may change about a drawing while it stays a drawing of the same thing. */
export const strong = compose(
  sometimes(0.3, rotate({ degrees: 15 })),
  randomResizedCrop({ size: [64, 64], area: [0.5, 1], ratio: [0.8, 1.25] }),
  sometimes(0.5, horizontalFlip()),
  sometimes(0.8, colourJitter({ brightness: 0.3, contrast: 0.3, saturation: 0.4, hue: 0.05 })),
  sometimes(0.15, greyscale()),
  sometimes(0.1, gaussianBlur({ sigma: [0.1, 1] })),
  sometimes(0.2, erase()),
)

/** The same, less of it: for the end of a training, when the network is to see drawings as they are. */
export const gentle = compose(
  sometimes(0.2, rotate({ degrees: 10 })),
  sometimes(0.8, randomResizedCrop({ size: [64, 64], area: [0.65, 1], ratio: [0.85, 1.18] })),
  sometimes(0.3, horizontalFlip()),
  sometimes(0.6, colourJitter({ brightness: 0.2, contrast: 0.2, saturation: 0.3, hue: 0.03 })),
  sometimes(0.05, greyscale()),
  sometimes(0.1, erase()),
)
