import { MsError, seededRandom } from '@ms/core'
import type { Engine, HostTensor, Inputs, Parameters, TensorFunction, Tensors } from '@ms/core/tensor'
import type * as tf from '@tensorflow/tfjs-core'

export interface GradientCheckOptions {
  readonly inputs: Inputs
  /** Weights whose gradients are checked; by default all are. */
  readonly parameters: Parameters
  readonly trainable?: readonly string[]
  /** Entries looked at in each weight, chosen at random: all where there are fewer. Default: 12. */
  readonly entries?: number
  /** How far an entry is moved to either side. Default: 1e-2. Float32 losses leave little room for a smaller one. */
  readonly step?: number
  /** Default: 1. */
  readonly seed?: number
}

export interface CheckedGradient {
  readonly name: string
  readonly index: number
  /** What the engine says. */
  readonly analytic: number
  /** What the loss says. */
  readonly numeric: number
  /** Their difference, relative to the largest gradient looked at in this weight (or 1e-3 of the largest in all, where that is more). */
  readonly error: number
}

export interface GradientCheck {
  /** The largest error. Right gradients stay below about 1e-2 with float32, wrong ones are near 1. */
  readonly maxError: number
  readonly worst: CheckedGradient
  readonly checked: readonly CheckedGradient[]
}

/**
 * Compares an engine's gradients with finite differences of the loss: central differences of two step sizes, combined so
 * that the error falls with the fourth power of the step (Richardson 1911).
 *
 * @example
 * ```ts
 * import { checkGradients, createEagerEngine } from '@ms/runtime'
 * import * as tf from '@tensorflow/tfjs-core'
 *
 * const engine = await createEagerEngine({ backend: 'cpu' })
 * const check = await checkGradients(engine, (weights) => ({ loss: tf.sum(tf.square(weights.get('w'))) as tf.Scalar }), {
 *   inputs: {},
 *   parameters: new Map([['w', { shape: [3], data: Float32Array.of(1, -2, 3) }]]),
 * })
 * console.log(check.maxError < 1e-2, check.worst)
 * ```
 *
 * @throws `gradients.nothing` when there is no entry to look at
 */
export async function checkGradients<O extends Tensors & { readonly loss: tf.Scalar }>(
  engine: Engine,
  fn: TensorFunction<O>,
  options: GradientCheckOptions,
): Promise<GradientCheck> {
  const { inputs, parameters, entries = 12, step = 1e-2, seed = 1 } = options
  const trainable = options.trainable ?? [...parameters.keys()]
  const random = seededRandom(seed)
  const constants = new Map([...parameters].filter(([name]) => !trainable.includes(name)))
  const values = new Map<string, HostTensor<Float32Array>>()
  for (const name of trainable) {
    const value = parameters.get(name)
    if (!value) throw new MsError('weights.missing', `there is no weight ${name}`, { where: name })
    values.set(name, { shape: value.shape, data: value.data.slice() })
  }
  const differentiated = await engine.differentiate(fn, { constants, trainable })
  try {
    const { gradients } = await differentiated.run(inputs, values)
    const lossAt = async (data: Float32Array, index: number, value: number) => {
      const before = data[index]
      data[index] = value
      const { outputs } = await differentiated.run(inputs, values)
      data[index] = before
      // What was really moved, after rounding to float32.
      return { loss: outputs.loss.data[0], at: Math.fround(value) }
    }
    const slope = async (data: Float32Array, index: number, h: number) => {
      const right = await lossAt(data, index, data[index] + h)
      const left = await lossAt(data, index, data[index] - h)
      return (right.loss - left.loss) / (right.at - left.at)
    }
    const pairs: { name: string; index: number; analytic: number; numeric: number }[] = []
    for (const [name, { data }] of values) {
      const gradient = gradients.get(name)
      const chosen = random.shuffle(Array.from(data, (_, index) => index)).slice(0, entries)
      for (const index of chosen) {
        const h = step * Math.max(1, Math.abs(data[index]))
        const numeric = (4 * (await slope(data, index, h / 2)) - (await slope(data, index, h))) / 3
        pairs.push({ name, index, analytic: gradient?.data[index] ?? Number.NaN, numeric })
      }
    }
    return report(pairs)
  } finally {
    differentiated.dispose()
  }
}

function report(pairs: readonly Omit<CheckedGradient, 'error'>[]): GradientCheck {
  const largest = new Map<string, number>()
  for (const { name, analytic, numeric } of pairs) {
    largest.set(name, Math.max(largest.get(name) ?? 0, Math.abs(analytic), Math.abs(numeric)))
  }
  const floor = 1e-3 * Math.max(...largest.values()) || Number.MIN_VALUE
  const checked = pairs.map((pair) => {
    const error = Math.abs(pair.analytic - pair.numeric) / Math.max(largest.get(pair.name) ?? 0, floor)
    return { ...pair, error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error }
  })
  const worst = checked.reduce<CheckedGradient | undefined>((found, next) => (found && found.error >= next.error ? found : next), undefined)
  if (!worst) throw new MsError('gradients.nothing', 'there is no weight with entries to check')
  return { maxError: worst.error, worst, checked }
}
