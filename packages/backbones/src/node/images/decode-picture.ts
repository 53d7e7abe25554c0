import { MsError } from '@ms/core'
import type Sharp from 'sharp'
import { type ImageSettings, type Interpolation, middle, type PictureSize, scaledSize } from '../../images/image-settings.js'
import { knownSize } from '../../images/known-size.js'
import { describeBytes, type PictureFormat, pictureFormat } from '../../images/picture-format.js'
import type { PreparedPicture } from '../../images/prepared-picture.js'
import { resample } from '../../images/resample.js'
import { svgDanger } from '../../images/svg-danger.js'
import type { DecodeLimits } from './decode-limits.js'
import { tooLarge } from './read-source.js'

/** How much of a scaled picture is kept: what the network reads, or all of it (of long ones the middle, to 2:1). */
export type Extent = 'crop' | 'whole'

export interface DecodeOptions {
  readonly settings: ImageSettings
  readonly extent: Extent
  readonly limits: Required<DecodeLimits>
  /** For errors. */
  readonly where: string
}

type SharpModule = typeof Sharp

const kernels = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const satisfies Record<
  Interpolation,
  string
>

const longest = 2

/**
 * Decodes a picture and scales it, on threads of libvips: the first frame, upright, on white, as 8-bit sRGB.
 *
 * @throws `picture.empty`, `picture.too-large`, `picture.format`, `picture.unsafe`, `picture.broken`
 */
export async function decodePicture(sharp: SharpModule, bytes: Uint8Array, options: DecodeOptions): Promise<PreparedPicture> {
  const { settings, extent, limits, where } = options
  const format = checkBytes(bytes, limits, where)
  try {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: limits.pixels, autoOrient: true, pages: 1 }).timeout({
      seconds: limits.seconds,
    })
    const original = knownSize(bytes, format) ?? (await sizeOf(image))
    const target = scaledSize(settings, original)
    const grows = target[0] > original[0] || target[1] > original[1]
    const kept = keptPart(settings, extent, target)
    image.flatten({ background: '#fff' }).toColourspace('srgb')
    if (grows && format !== 'svg') {
      // libvips enlarges with a shift of half a pixel (8.18): ours is where PIL's is.
      const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
      const whole = { width: info.width, height: info.height, pixels: threeChannels(data, info.channels) }
      const perPixel = [original[0] / target[0], original[1] / target[1]]
      const region = {
        left: kept.left * perPixel[1],
        top: kept.top * perPixel[0],
        width: kept.width * perPixel[1],
        height: kept.height * perPixel[0],
      }
      return { cost: 1, ...resample(whole, { width: kept.width, height: kept.height, interpolation: settings.interpolation, region }) }
    }
    const { data, info } = await image
      .resize(target[1], target[0], { fit: 'fill', kernel: kernels[settings.interpolation] })
      .extract(kept)
      .raw()
      .toBuffer({ resolveWithObject: true })
    return { cost: 1, width: info.width, height: info.height, pixels: threeChannels(data, info.channels) }
  } catch (cause) {
    throw asMsError(cause, limits, where)
  }
}

async function sizeOf(image: ReturnType<SharpModule>): Promise<PictureSize> {
  const { autoOrient } = await image.metadata()
  return [autoOrient.height, autoOrient.width]
}

function checkBytes(bytes: Uint8Array, limits: Required<DecodeLimits>, where: string): PictureFormat {
  if (bytes.length === 0) throw new MsError('picture.empty', 'the file is empty', { where, advice: 'Delete it, or fetch it again.' })
  if (bytes.length > limits.bytes) throw tooLarge(`${bytes.length} bytes, the limit is ${limits.bytes}`, where)
  const format = pictureFormat(bytes)
  if (!format) {
    throw new MsError('picture.format', `it is ${describeBytes(bytes)}, no picture that can be read`, {
      where,
      advice: 'JPEG, PNG, WebP, AVIF, GIF and SVG can be read.',
    })
  }
  const danger = format === 'svg' ? svgDanger(bytes) : undefined
  if (danger) {
    throw new MsError('picture.unsafe', `an SVG that is not drawn: ${danger}`, {
      where,
      advice: 'Nothing is fetched for a picture: save the drawing as one file without references, or as PNG.',
    })
  }
  return format
}

function asMsError(cause: unknown, limits: Required<DecodeLimits>, where: string): MsError {
  if (MsError.isInstance(cause)) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  if (/pixel limit/i.test(message)) return tooLarge(`more than ${limits.pixels} pixels`, where)
  if (/timeout/i.test(message)) return tooLarge(`decoding took more than ${limits.seconds} seconds`, where)
  return new MsError('picture.broken', `the picture cannot be decoded: ${message.split('\n')[0]}`, {
    where,
    advice: 'The file is damaged or was cut off; fetch it again.',
    cause,
  })
}

/** What is cut out of the scaled picture so that `collatePictures` finds its middle where it would be in the whole. */
function keptPart({ crop, halves }: ImageSettings, extent: Extent, [height, width]: PictureSize) {
  const length = (outer: number, inner: number, other: number) => {
    if (extent === 'crop') return inner
    // Trimmed by a multiple of four pixels, so that both middles are the same.
    const most = other * longest
    return outer <= most ? outer : most + ((outer - most) % 4)
  }
  const [keptHeight, keptWidth] = [length(height, crop[0], width), length(width, crop[1], height)]
  return { left: middle(width, keptWidth, halves), top: middle(height, keptHeight, halves), width: keptWidth, height: keptHeight }
}

function threeChannels(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length)
  const pixels = new Uint8Array((data.length / channels) * 3)
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    pixels[to] = data[from]
    pixels[to + 1] = data[channels > 2 ? from + 1 : from]
    pixels[to + 2] = data[channels > 2 ? from + 2 : from]
  }
  return pixels
}
