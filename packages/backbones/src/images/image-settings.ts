import { MsError } from '@ms/core'

/** Kernels of PIL and torchvision that can be computed; all but `nearest` are widened when a picture shrinks ("antialias"). */
export const interpolations = ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const

export type Interpolation = (typeof interpolations)[number]

/** `[height, width]`, pixels. */
export type PictureSize = readonly [height: number, width: number]

/**
 * How a checkpoint wants to see pictures: scaled, cut, normalised.
 *
 * @example
 * ```ts
 * import { type ImageSettings } from '@ms/backbones'
 * // torchvision's preset of most ImageNet classifiers
 * const imagenet: ImageSettings = {
 *   resize: 256,
 *   crop: [224, 224],
 *   interpolation: 'bilinear',
 *   mean: [0.485, 0.456, 0.406],
 *   std: [0.229, 0.224, 0.225],
 * }
 * ```
 */
export interface ImageSettings {
  /** Scaled so first: the shorter edge to so many pixels, or to a size whatever the picture's shape. */
  readonly resize: number | PictureSize
  /** Cut out of the middle: the network's input. */
  readonly crop: PictureSize
  readonly interpolation: Interpolation
  /** Of red, green and blue as values from 0 to 1. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  /** Which way the middle falls when half a pixel is left: torchvision rounds halves to even, transformers down. Default: `down`. */
  readonly halves?: 'down' | 'even'
}

/** What a picture is scaled to, `[height, width]`; the longer edge is rounded down. */
export function scaledSize({ resize }: ImageSettings, [height, width]: PictureSize): PictureSize {
  if (typeof resize !== 'number') return resize
  const longer = (long: number, short: number) => Math.max(resize, Math.floor((resize * long) / short))
  return height <= width ? [resize, longer(width, height)] : [longer(height, width), resize]
}

/** Where the middle of length `inner` begins in a length of `outer`. */
export function middle(outer: number, inner: number, halves: ImageSettings['halves'] = 'down'): number {
  const exact = (outer - inner) / 2
  const down = Math.floor(exact)
  return halves === 'even' && exact !== down && down % 2 !== 0 ? down + 1 : down
}

/** The same settings for a network that is run at another input size: everything scaled in proportion. */
export function atInputSize(settings: ImageSettings, size: number | PictureSize): ImageSettings {
  const crop: PictureSize = typeof size === 'number' ? [size, size] : size
  const [up, across] = [crop[0] / settings.crop[0], crop[1] / settings.crop[1]]
  const { resize } = settings
  return checkImageSettings({
    ...settings,
    crop,
    resize:
      typeof resize === 'number'
        ? Math.round(resize * Math.max(up, across))
        : [Math.max(crop[0], Math.round(resize[0] * up)), Math.max(crop[1], Math.round(resize[1] * across))],
  })
}

/** @throws `config.invalid` when more is to be cut out than there is after scaling, or a number cannot be meant */
export function checkImageSettings(settings: ImageSettings, where = 'image settings'): ImageSettings {
  const [height, width] = typeof settings.resize === 'number' ? [settings.resize, settings.resize] : settings.resize
  const refuse = (what: string) => {
    throw new MsError('config.invalid', what, { where, advice: 'Take the preprocessor settings that belong to the weights.' })
  }
  const whole = [height, width, ...settings.crop].every((n) => Number.isInteger(n) && n > 0 && n <= 8192)
  if (!whole) refuse('resize and crop must be whole numbers of pixels, from 1 to 8192')
  if (settings.crop[0] > height || settings.crop[1] > width) {
    refuse(`crop [${settings.crop.join(', ')}] is larger than what resize leaves, [${height}, ${width}]`)
  }
  if (!settings.mean.every(Number.isFinite) || !settings.std.every((x) => Number.isFinite(x) && x > 0)) {
    refuse('mean must be three finite numbers and std three positive ones')
  }
  return settings
}
