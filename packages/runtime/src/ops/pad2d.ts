import * as tf from '@tensorflow/tfjs-core'
import { type Extent2d, type Margins2d, pair } from './sliding-window.js'

export interface Pad2dOptions {
  /**
   * `constant`: with `value`. `reflect`: mirrored at the edge, which is not repeated. `replicate`: the edge, repeated.
   * As torch.nn.functional.pad. Default: `constant`.
   */
  readonly mode?: 'constant' | 'reflect' | 'replicate'
  /** Default: 0. */
  readonly value?: number
}

/**
 * Puts a margin around pictures.
 *
 * @param x `[batch, height, width, channels]`
 * @returns `[batch, top + height + bottom, left + width + right, channels]`
 */
export function pad2d(x: tf.Tensor4D, padding: Extent2d | Margins2d, options: Pad2dOptions = {}): tf.Tensor4D {
  const { mode = 'constant', value = 0 } = options
  const { top, bottom, left, right } = typeof padding === 'object' && 'top' in padding ? padding : symmetric(padding)
  if (top === 0 && bottom === 0 && left === 0 && right === 0) return x
  if (mode === 'constant') {
    const around: [number, number][] = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ]
    return tf.pad(x, around, value)
  }
  const extend = mode === 'reflect' ? reflected : replicated
  return extend(extend(x, 1, top, bottom), 2, left, right)
}

function symmetric(extent: Extent2d): Margins2d {
  const [vertical, horizontal] = pair(extent)
  return { top: vertical, bottom: vertical, left: horizontal, right: horizontal }
}

/** `size` lines along an axis, from `begin`. */
function lines(x: tf.Tensor4D, axis: number, begin: number, size: number): tf.Tensor4D {
  return tf.slice(
    x,
    x.shape.map((_, at) => (at === axis ? begin : 0)),
    x.shape.map((all, at) => (at === axis ? size : all)),
  )
}

/** Put together of slices, whose gradients are right on every backend; that of `tf.mirrorPad` is not. */
function reflected(x: tf.Tensor4D, axis: number, before: number, after: number): tf.Tensor4D {
  const length = x.shape[axis]
  return joined(axis, [
    before > 0 && tf.reverse(lines(x, axis, 1, before), axis),
    x,
    after > 0 && tf.reverse(lines(x, axis, length - 1 - after, after), axis),
  ])
}

function replicated(x: tf.Tensor4D, axis: number, before: number, after: number): tf.Tensor4D {
  const first = lines(x, axis, 0, 1)
  const last = lines(x, axis, x.shape[axis] - 1, 1)
  return joined(axis, [...Array<tf.Tensor4D>(before).fill(first), x, ...Array<tf.Tensor4D>(after).fill(last)])
}

function joined(axis: number, parts: readonly (tf.Tensor4D | false)[]): tf.Tensor4D {
  const present = parts.filter((part) => part !== false)
  return present.length === 1 ? present[0] : tf.concat(present, axis)
}
