import { MsError } from '@ms/core'

/** One number for both directions, or height and width. */
export type Extent2d = number | readonly [height: number, width: number]

/** Zeros (or what the op pads with) around height and width. */
export interface Margins2d {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/**
 * How much is put around a picture: the same on all sides, `[above and below, left and right]`, each side for itself, or
 * `same`: TensorFlow's rule, which makes the output as large as input / stride, rounded up, and puts the odd row or column
 * at the bottom and the right.
 */
export type Padding2d = Extent2d | Margins2d | 'same'

export interface WindowOptions {
  /** Default: 1. */
  readonly stride?: Extent2d
  /** Default: 0. */
  readonly padding?: Padding2d
  /** Distance of the places a window looks at. Default: 1. */
  readonly dilation?: Extent2d
  /** Let the last window hang over the edge, as torch's `ceil_mode`. Default: false. */
  readonly ceil?: boolean
}

/** A window that moves over a picture, every number known. */
export interface SlidingWindow {
  readonly size: readonly [height: number, width: number]
  readonly strides: readonly [height: number, width: number]
  readonly dilations: readonly [height: number, width: number]
  readonly margins: Margins2d
  /** How many places it has. */
  readonly places: readonly [height: number, width: number]
}

/**
 * @param input height and width
 * @throws `tensor.window` where it is larger than the padded input, or a number makes no sense
 */
export function slidingWindow(input: readonly [number, number], size: Extent2d, options: WindowOptions = {}): SlidingWindow {
  const { padding = 0, ceil = false } = options
  const extents = pair(size)
  const strides = pair(options.stride ?? 1)
  const dilations = pair(options.dilation ?? 1)
  const wrong = (what: string) =>
    new MsError('tensor.window', what, {
      where: `a window of ${extents.join('×')} over ${input.join('×')}`,
      advice: 'Check size, stride, padding and dilation.',
      details: { input: [...input], size: extents, strides, dilations, padding: typeof padding === 'string' ? padding : { padding } },
    })
  if (![...extents, ...strides, ...dilations].every((value) => Number.isInteger(value) && value > 0)) {
    throw wrong('size, stride and dilation are whole numbers from 1')
  }
  const reach = extents.map((extent, axis) => (extent - 1) * dilations[axis] + 1)
  const around = [0, 1].map((axis) => marginsAlong(axis as 0 | 1, padding, input[axis], reach[axis], strides[axis]))
  if (!around.flat().every((value) => Number.isInteger(value) && value >= 0)) throw wrong('padding is a whole number from 0')
  const places = around.map(([before, after], axis) => {
    const free = input[axis] + before + after - reach[axis]
    if (free < 0) throw wrong('the window is larger than the picture with its padding')
    if (!ceil) return Math.floor(free / strides[axis]) + 1
    const count = Math.ceil(free / strides[axis]) + 1
    // The last window has to begin in the picture or before it.
    const last = (count - 1) * strides[axis] < input[axis] + before ? count : count - 1
    around[axis] = [before, Math.max(after, (last - 1) * strides[axis] + reach[axis] - input[axis] - before)]
    return last
  })
  const [[top, bottom], [left, right]] = around
  return { size: extents, strides, dilations, margins: { top, bottom, left, right }, places: [places[0], places[1]] }
}

export function pair(extent: Extent2d): readonly [number, number] {
  return typeof extent === 'number' ? [extent, extent] : extent
}

/** `[before, after]` along height (0) or width (1). */
function marginsAlong(axis: 0 | 1, padding: Padding2d, input: number, reach: number, stride: number): readonly [number, number] {
  if (padding === 'same') {
    const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + reach - input)
    return [Math.floor(total / 2), Math.ceil(total / 2)]
  }
  if (typeof padding === 'object' && 'top' in padding) {
    return axis === 0 ? [padding.top, padding.bottom] : [padding.left, padding.right]
  }
  const amount = pair(padding)[axis]
  return [amount, amount]
}
