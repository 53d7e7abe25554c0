import * as tf from '@tensorflow/tfjs-core'
import { customGradient } from './custom-gradient.js'
import { type Extent2d, pair } from './sliding-window.js'

export interface Resize2dOptions {
  /** Wanted height and width. */
  readonly size: Extent2d
  /** Default: `bilinear`. */
  readonly method?: 'bilinear' | 'bicubic'
  /** Widen the filter where the picture becomes smaller, as torch's `antialias`. Default: false. */
  readonly antialias?: boolean
}

/**
 * Another size for pictures or position embeddings, as torch.nn.functional.interpolate with `align_corners=False`.
 * Rows and columns are each a product with a matrix, so its gradient is exact on every engine.
 *
 * @param x `[batch, height, width, channels]`
 */
export function resize2d(x: tf.Tensor4D, options: Resize2dOptions): tf.Tensor4D {
  const { size, method = 'bilinear', antialias = false } = options
  const [batch, height, width, channels] = x.shape
  const [rows, columns] = pair(size)
  const along = (from: number, to: number) => tf.tensor2d(interpolation(from, to, method, antialias), [to, from])
  const tall = rows === height ? x : interpolate(tf.reshape(x, [batch, height, width * channels]), along(height, rows))
  const wide = columns === width ? tall : interpolate(tf.reshape(tall, [batch * rows, width, channels]), along(width, columns))
  return tf.reshape(wide, [batch, rows, columns, channels])
}

/** `matrix [to, from]` times each `[from, n]` of `x [count, from, n]`. */
function interpolate(x: tf.Tensor3D, matrix: tf.Tensor2D): tf.Tensor3D {
  const [count, from, n] = x.shape
  const [to] = matrix.shape
  // As one product of matrices: not every backend repeats the smaller one.
  const multiply = (left: tf.Tensor2D, tensor: tf.Tensor, inner: number, outer: number, transpose: boolean) => {
    const flat = tf.reshape(tf.transpose(tensor, [1, 0, 2]), [inner, count * n]) as tf.Tensor2D
    return tf.transpose(tf.reshape(tf.matMul(left, flat, transpose), [outer, count, n]), [1, 0, 2])
  }
  return customGradient<tf.Tensor3D>([x], ([x]) => ({
    value: multiply(matrix, x, from, to, false),
    saved: [matrix],
    gradient: (dy, [matrix]) => [multiply(matrix as tf.Tensor2D, dy, to, from, true)],
  }))
}

/** `[to · from]`: how much each old place counts for each new one; every row sums to 1. */
function interpolation(from: number, to: number, method: 'bilinear' | 'bicubic', antialias: boolean): Float32Array {
  const matrix = new Float32Array(to * from)
  const scale = from / to
  const widening = antialias ? Math.max(1, scale) : 1
  const { reach, weight } = method === 'bilinear' ? triangle : antialias ? keys(-0.5) : keys(-0.75)
  for (let row = 0; row < to; row++) {
    let centre = (row + 0.5) * scale - 0.5
    if (method === 'bilinear' && !antialias) centre = Math.max(0, centre)
    const places: [place: number, weight: number][] = []
    for (let place = Math.ceil(centre - reach * widening); place <= centre + reach * widening; place++) {
      const share = weight(Math.abs(place - centre) / widening)
      // At the edge the antialiased filter is cut off, the other repeats the last place.
      if (!antialias) places.push([Math.min(from - 1, Math.max(0, place)), share])
      else if (place >= 0 && place < from) places.push([place, share])
    }
    const total = places.reduce((sum, [, share]) => sum + share, 0)
    for (const [place, share] of places) matrix[row * from + place] += share / total
  }
  return matrix
}

const triangle = { reach: 1, weight: (distance: number) => Math.max(0, 1 - distance) }

/** Cubic convolution (Keys 1981). torch takes a = −0.75, and −0.5 with antialias. */
const keys = (a: number) => ({
  reach: 2,
  weight: (t: number) => (t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0),
})
