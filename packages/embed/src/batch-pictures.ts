import type { PictureSize } from '@ms/backbones'

/** Pixels that are encoded together: eight pictures of 224 × 224. */
const batchPixels = 8 * 224 * 224
const mostItems = 128

/** Pictures of a size, pixels, that are encoded together, so that what lies in memory at a time stays small. */
export const batchPictures = ([height, width]: PictureSize): number =>
  Math.max(1, Math.min(mostItems, Math.floor(batchPixels / (height * width))))
