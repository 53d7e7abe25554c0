import { releaseMemory } from '@ms/runtime'
import { clipScale } from '../optimizers/gradient-norm.js'
import type { Gradient } from '../optimizers/optimizer.js'
import type { Placement, PlacementOptions } from './placement.js'
import { followStatistics, observedIn } from './running-statistics.js'

/** The engine is given the weights at each step and gives back their gradients; the optimiser updates them in host memory. */
export async function placeOnHost({ step, engine, optimizer, clip, statistics, following }: PlacementOptions): Promise<Placement> {
  const { fn, constants, trainable, whole, samples } = step
  const compiled = await engine.differentiate(fn, { constants, trainable, samples })
  return {
    step: async (batch, { step: at, learningRate }) => {
      const { inputs, rows, rowNumbers } = step.feed(batch, at)
      const { outputs, gradients } = await compiled.run(inputs, new Map([...whole, ...rows]), optimizer.gradients)
      const all = new Map<string, Gradient>()
      for (const [name, { data }] of gradients) all.set(name, { data, rows: rowNumbers.get(name) })
      const result = { loss: outputs.loss.data[0], gradientNorm: optimizer.gradientNorm(all) }
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) return result
      optimizer.step(all, { learningRate, gradientScale: clip === undefined ? 1 : clipScale(result.gradientNorm, clip) })
      followStatistics(statistics, observedIn(outputs), following)
      releaseMemory([...gradients].flatMap(([name, { data }]) => (data === optimizer.gradients.get(name)?.data ? [] : [{ data }])))
      return result
    },
    toHost: async () => {},
    dispose: () => compiled.dispose(),
  }
}
