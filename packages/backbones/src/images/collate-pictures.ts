import { MsError } from '@ms/core'
import type { HostTensor } from '@ms/core/tensor'
import { type ImageSettings, middle } from './image-settings.js'
import type { Picture } from './prepared-picture.js'

/**
 * Cuts the middle out of each picture, normalises and stacks: `pixel_values [batch, height, width, 3] float32`.
 *
 * @throws `picture.size` when a picture is smaller than the network's input
 */
export function collatePictures(pictures: readonly Picture[], settings: ImageSettings): { pixel_values: HostTensor<Float32Array> } {
  const [height, width] = settings.crop
  const size = height * width * 3
  const data = new Float32Array(pictures.length * size)
  const [red, green, blue] = [0, 1, 2].map((channel) => normalised(settings, channel))
  for (const [i, picture] of pictures.entries()) {
    if (picture.height < height || picture.width < width) {
      throw new MsError('picture.size', `a picture of ${picture.width}×${picture.height}, the network reads ${width}×${height}`, {
        kind: 'failure',
      })
    }
    const { pixels } = picture
    const top = middle(picture.height, height, settings.halves)
    const left = middle(picture.width, width, settings.halves)
    let to = i * size
    for (let y = 0; y < height; y++) {
      let from = ((top + y) * picture.width + left) * 3
      for (const end = to + width * 3; to < end; to += 3, from += 3) {
        data[to] = red[pixels[from]]
        data[to + 1] = green[pixels[from + 1]]
        data[to + 2] = blue[pixels[from + 2]]
      }
    }
  }
  return { pixel_values: { shape: [pictures.length, height, width, 3], data } }
}

/** What each of the 256 values of a channel becomes. */
function normalised({ mean, std }: ImageSettings, channel: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean[channel]) / std[channel])
}
