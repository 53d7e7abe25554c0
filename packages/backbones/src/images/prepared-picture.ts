import type { Prepared } from '@ms/core/tensor'

/** A picture in memory: red, green and blue of each pixel, row by row. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** `[height, width, 3]`, 0–255. */
  readonly pixels: Uint8Array
}

/** A picture that was decoded and scaled; at least as large as the network's input. */
export interface PreparedPicture extends Prepared, Picture {}
