import type { Preprocessing } from './architecture.js'

/** Pillow's numbers, which preprocessor_config.json uses. */
const resample = { bilinear: 2, bicubic: 3 } as const

/** The same as a preprocessor_config.json. */
export function preprocessorJson({ size, crop, interpolation, mean, std }: Preprocessing): Record<string, unknown> {
  return {
    do_resize: true,
    size: { shortest_edge: size },
    resample: resample[interpolation],
    do_center_crop: true,
    crop_size: { height: crop, width: crop },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  }
}
