import { MsError } from '@ms/core'
import type { Weights } from '@ms/core/tensor'
import { conv2d, resize2d } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

/** How a vision transformer makes tokens of a picture. */
export interface PatchSettings {
  readonly width: number
  /** Pixels, `[height, width]`. */
  readonly patch: readonly [number, number]
  /** Places that the position embeddings were trained for, `[down, across]`. */
  readonly grid: readonly [number, number]
  /** Whether the positions of another grid are smoothed where it is coarser. */
  readonly antialias: boolean
  readonly names: PatchNames
}

/** Whole parameter names. */
export interface PatchNames {
  readonly filter: string
  readonly filterBias?: string
  /** Tokens before the patches that have a position of their own (class, distillation), in order. */
  readonly placed: readonly string[]
  /** Tokens before the patches, after those, that have none: name and number. */
  readonly unplaced: readonly { readonly name: string; readonly count: number }[]
  readonly positions: string
}

/** Tokens before the patches. */
const prefixLength = ({ placed, unplaced }: PatchNames) => placed.length + unplaced.reduce((sum, { count }) => sum + count, 0)

/**
 * Patches as tokens behind class, distillation and register tokens, each with its position. Pictures of another size than the
 * network was trained for have the positions interpolated.
 *
 * @param pixels `[batch, height, width, 3]`
 * @returns `[batch, tokens, width]`
 * @throws `inputs.shape` when the picture is no whole number of patches
 */
export function patchTokens(settings: PatchSettings, weights: Weights, pixels: tf.Tensor | undefined): tf.Tensor3D {
  const { width, patch, names } = settings
  const [height = 0, across = 0, channels] = pixels?.shape.slice(1) ?? []
  if (
    pixels?.rank !== 4 ||
    channels !== 3 ||
    height < patch[0] ||
    height % patch[0] !== 0 ||
    across < patch[1] ||
    across % patch[1] !== 0
  ) {
    throw new MsError('inputs.shape', `pixel_values is [${pixels?.shape ?? ''}], the network reads [batch, height, width, 3]`, {
      advice: `Height and width must be multiples of ${patch.join(' and ')}, the size of a patch.`,
      kind: 'failure',
    })
  }
  const grid: [number, number] = [height / patch[0], across / patch[1]]
  const filtered = conv2d(pixels as tf.Tensor4D, weights.get(names.filter) as tf.Tensor4D, { stride: [patch[0], patch[1]] })
  const map = names.filterBias ? tf.add<tf.Tensor4D>(filtered, weights.get(names.filterBias)) : filtered
  const prefix = prefixLength(names)
  const patches = tf.reshape(map, [pixels.shape[0], grid[0] * grid[1], width])
  // Everything that is the same for all pictures is one table; the patches move right to make room for its first rows.
  return tf.add(
    tf.pad(patches, [
      [0, 0],
      [prefix, 0],
      [0, 0],
    ]),
    positionTable(settings, weights, grid),
  )
}

/** `[tokens, width]`: prefix tokens with their positions, then the positions of the patches. */
function positionTable({ width, grid: trained, antialias, names }: PatchSettings, weights: Weights, grid: [number, number]): tf.Tensor2D {
  const before = names.placed.length
  const positions = tf.reshape(weights.get(names.positions), [-1, width]) as tf.Tensor2D
  const own = before > 0 ? [tf.slice(positions, [0, 0], [before, width])] : []
  const places = before > 0 ? tf.slice(positions, [before, 0], [trained[0] * trained[1], width]) : positions
  const tokens = names.placed.map((name) => tf.reshape(weights.get(name), [1, width]) as tf.Tensor2D)
  const first = own.map((rows) => tf.add<tf.Tensor2D>(tokens.length > 1 ? tf.concat(tokens, 0) : tokens[0], rows))
  const free = names.unplaced.map(({ name, count }) => tf.reshape(weights.get(name), [count, width]) as tf.Tensor2D)
  const same = grid[0] === trained[0] && grid[1] === trained[1]
  const resized = same
    ? places
    : (tf.reshape(resize2d(tf.reshape(places, [1, trained[0], trained[1], width]), { size: grid, method: 'bicubic', antialias }), [
        grid[0] * grid[1],
        width,
      ]) as tf.Tensor2D)
  return tf.concat([...first, ...free, resized], 0)
}
