import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type ImageSource, MsError } from '@ms/core'
import type { Processor } from '@ms/core/tensor'
import type Sharp from 'sharp'
import { type ChannelOrder, collatePictures } from '../../images/collate-pictures.js'
import { checkImageSettings, type ImageSettings } from '../../images/image-settings.js'
import type { PreparedPicture } from '../../images/prepared-picture.js'
import { type DecodeLimits, defaultLimits } from './decode-limits.js'
import { decodePicture, type Extent } from './decode-picture.js'
import { inParallel } from './in-parallel.js'
import { PictureFolder } from './picture-folder.js'
import { PictureMemory } from './picture-memory.js'
import { ReadBuffers } from './read-buffers.js'
import { openSource } from './read-source.js'

export interface ImageProcessorOptions {
  /**
   * What a prepared picture keeps: what the network reads (`crop`), or all of the scaled picture (`whole`), from which an
   * augmentation may choose. The network sees the same in both cases. Default: `crop`.
   */
  readonly extent?: Extent
  readonly limits?: DecodeLimits
  /** Decoded pictures that are kept in memory, bytes. Default: 256 MiB. */
  readonly memory?: number
  /** Where decoded pictures are kept between runs. Default: nowhere. */
  readonly folder?: string
  /** How a batch lies in memory. Default: `last`, as TensorFlow.js has it. */
  readonly channels?: ChannelOrder
  /** Pictures decoded at a time. Default: as many as there are processors, at least 4. */
  readonly concurrency?: number
}

export interface ImageProcessor extends Processor<ImageSource, PreparedPicture> {
  readonly settings: ImageSettings
  /** @throws `picture.unreadable`, `picture.empty`, `picture.too-large`, `picture.format`, `picture.unsafe`, `picture.broken`, naming the file */
  prepare(items: readonly ImageSource[]): Promise<PreparedPicture[]>
}

/**
 * Reads pictures for a network: decoded and scaled by libvips on its own threads (JPEG, PNG, WebP, AVIF, first frame of a
 * GIF, SVG; upright, on white), as `pixel_values [batch, height, width, 3] float32`.
 *
 * @throws `config.invalid`; while preparing `picture.no-sharp` where the package sharp is not installed
 *
 * @example
 * ```ts
 * import { parseImageSettings } from '@ms/backbones'
 * import { imageProcessor } from '@ms/backbones/node'
 * async function read(config: unknown) {
 *   const processor = imageProcessor(parseImageSettings(config, 'preprocessor_config.json'))
 *   return processor.collate(await processor.prepare(['heart.png', 'star.svg']))
 * }
 * ```
 */
export function imageProcessor(settings: ImageSettings, options: ImageProcessorOptions = {}): ImageProcessor {
  checkImageSettings(settings)
  const { extent = 'crop', folder, concurrency = Math.max(4, availableParallelism()) } = options
  const limits = { ...defaultLimits, ...options.limits }
  const memory = new PictureMemory(options.memory ?? 256 * 2 ** 20)
  const buffers = new ReadBuffers()
  const disk = folder === undefined ? undefined : new PictureFolder(folder)
  const { resize, crop, interpolation, halves } = settings
  const wanted = JSON.stringify([resize, crop, interpolation, halves, extent])
  let sharp: Promise<typeof Sharp> | undefined

  const decode = async (bytes: Uint8Array, where: string) => {
    sharp ??= loadSharp()
    return decodePicture(await sharp, bytes, { settings, extent, limits, where })
  }
  const throughDisk = async (bytes: Uint8Array, where: string) => {
    if (!disk) return decode(bytes, where)
    const key = createHash('sha256').update(wanted).update('\0').update(bytes).digest('hex')
    const kept = await disk.get(key)
    if (kept) return kept
    const picture = await decode(bytes, where)
    await disk.set(key, picture)
    return picture
  }
  const prepareOne = async (source: ImageSource, where: string) => {
    const { identity, read, close } = await openSource(source, limits, buffers)
    try {
      const known = identity === undefined ? undefined : memory.get(identity)
      if (known) return known
      const picture = await throughDisk(await read(), where)
      if (identity !== undefined) memory.set(identity, picture)
      return picture
    } finally {
      close()
    }
  }

  return {
    settings,
    prepare: (items) => inParallel(items.length, concurrency, (i) => prepareOne(items[i], nameOf(items[i], i))),
    collate: (batch) => collatePictures(batch, settings, options.channels),
  }
}

const nameOf = (source: ImageSource, position: number) =>
  typeof source === 'string' ? source : `picture ${position + 1} of those given as bytes`

async function loadSharp(): Promise<typeof Sharp> {
  try {
    return (await import('sharp')).default
  } catch (cause) {
    throw new MsError(
      'picture.no-sharp',
      'pictures are decoded by the package sharp, which is not installed or has no binary for this system',
      {
        advice: 'Install sharp: npm install sharp.',
        kind: 'failure',
        cause,
      },
    )
  }
}
