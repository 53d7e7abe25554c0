import { MsError } from '@ms/core'
import type { HostTensor } from '@ms/core/tensor'
import { type ImageSettings, middle } from './image-settings.js'
import type { Picture } from './prepared-picture.js'

/** How a batch lies in memory: colour by colour is how checkpoints and ONNX have it, pixel by pixel how TensorFlow.js has it. */
export type ChannelOrder = 'first' | 'last'

/**
 * Cuts the middle out of each picture, normalises and stacks: `pixel_values [batch, height, width, 3] float32`, or `[batch, 3, height, width]`
 * with the channels first.
 *
 * @throws `picture.size` when a picture is smaller than the network's input
 */
export function collatePictures(
  pictures: readonly Picture[],
  settings: ImageSettings,
  channels: ChannelOrder = 'last',
): { pixel_values: HostTensor<Float32Array> } {
  const [height, width] = settings.crop
  // From one pixel to the next, and from one colour to the next.
  const [step, plane] = channels === 'first' ? [1, height * width] : [3, 1]
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
      for (const end = to + width * step; to < end; to += step, from += 3) {
        data[to] = red[pixels[from]]
        data[to + plane] = green[pixels[from + 1]]
        data[to + 2 * plane] = blue[pixels[from + 2]]
      }
    }
  }
  const shape = channels === 'first' ? [pictures.length, 3, height, width] : [pictures.length, height, width, 3]
  return { pixel_values: { shape, data } }
}

/** What each of the 256 values of a channel becomes. */
function normalised({ mean, std }: ImageSettings, channel: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean[channel]) / std[channel])
}
