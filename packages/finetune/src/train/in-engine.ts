import type { Engine, Parameters, Resident } from '@ms/core/tensor'
import { isUnrecordable } from '@ms/runtime'
import type * as tf from '@tensorflow/tfjs-core'
import { clipScale, clipScaleOnTensors, gradientNormOnTensors } from '../optimizers/gradient-norm.js'
import type { Gradient } from '../optimizers/optimizer.js'
import { optimizerOnTensors } from '../optimizers/optimizer-on-tensors.js'
import { placeOnHost } from './on-host.js'
import type { Placement, PlacementOptions } from './placement.js'
import { followStatistics, observedIn } from './running-statistics.js'

/**
 * The engine keeps the weights that go in whole, with their state, and updates them. Tables stay on the host, where the optimiser updates
 * the rows that the engine gives gradients of. A step that the engine cannot record is made on the host, and all that follow.
 */
export async function placeInEngine(options: PlacementOptions, open: NonNullable<Engine['resident']>): Promise<Placement> {
  const { step, optimizer, clip, statistics, following } = options
  const { fn, constants, trainable, whole, samples } = step
  const onTensors = optimizerOnTensors(optimizer, [...whole.keys()])
  const resident: Resident<Record<string, tf.Tensor> & { loss: tf.Scalar; gradientNorm: tf.Scalar }> = await open(fn, {
    ...{ constants, trainable, samples },
    kept: whole,
    state: onTensors.state,
    scalars: onTensors.scalarNames,
    update: (given) => {
      const gradientNorm = gradientNormOnTensors(Object.values(given.gradients))
      const gradientScale = clip === undefined ? 1 : clipScaleOnTensors(gradientNorm, clip)
      return { ...onTensors.update({ ...given, gradientScale }), outputs: { gradientNorm } }
    },
  })
  /** Whether the engine is ahead of host memory. */
  let ahead = false
  let fallback: Placement | undefined

  const toHost = async () => {
    if (!ahead) return
    const { weights, state } = await resident.read()
    copy(weights, whole)
    copy(state, onTensors.state)
    ahead = false
  }

  const placed: Placement = {
    step: async (batch, { step: at, learningRate }) => {
      const { inputs, rows, rowNumbers } = step.feed(batch, at)
      const { outputs, gradients } = await resident.step(inputs, rows, onTensors.scalars(learningRate))
      ahead = true
      const result = { loss: outputs.loss.data[0], gradientNorm: outputs.gradientNorm.data[0] }
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) return result
      const touched = new Map<string, Gradient>()
      for (const [name, { data }] of gradients) touched.set(name, { data, rows: rowNumbers.get(name) })
      optimizer.step(touched, { learningRate, gradientScale: clip === undefined ? 1 : clipScale(result.gradientNorm, clip) })
      followStatistics(statistics, observedIn(outputs), following)
      return result
    },
    toHost,
    dispose: () => resident.dispose(),
  }

  return {
    step: async (batch, at) => {
      if (fallback) return fallback.step(batch, at)
      try {
        return await placed.step(batch, at)
      } catch (error) {
        if (!isUnrecordable(error)) throw error
        await toHost()
        resident.dispose()
        fallback = await placeOnHost(options)
        return fallback.step(batch, at)
      }
    },
    toHost,
    dispose: () => {
      resident.dispose()
      fallback?.dispose()
    },
  }
}

function copy(from: Parameters, to: Parameters): void {
  for (const [name, { data }] of to) data.set(from.get(name)!.data)
}
