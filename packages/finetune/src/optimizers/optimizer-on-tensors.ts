import type { Parameters, Tensors } from '@ms/core/tensor'
import { runOnTensors } from '@ms/runtime'
import type * as tf from '@tensorflow/tfjs-core'
import type { Optimizer } from './optimizer.js'

/** An optimiser's update as tensor operations, for an engine that keeps some of its parameters. */
export interface OptimizerOnTensors {
  /** What the optimiser remembers of these parameters: views of its own memory, `exp_avg/NAME`. */
  readonly state: Parameters
  /** Of all numbers that a step is given. */
  readonly scalarNames: readonly string[]
  /** Those numbers at the optimiser's next step. */
  scalars(learningRate: number): Record<string, number>
  /** New values of the parameters and of the state. */
  update(step: {
    readonly weights: Tensors
    readonly gradients: Tensors
    readonly state: Tensors
    readonly scalars: Readonly<Record<string, tf.Scalar>>
    /** Factor of all gradients. */
    readonly gradientScale: number | tf.Scalar
  }): { weights: Tensors; state: Tensors }
}

/** @param names parameters that are updated whole */
export function optimizerOnTensors(optimizer: Optimizer, names: readonly string[]): OptimizerOnTensors {
  const { rule } = optimizer
  const kept = new Set(names)
  // Parameters of equal settings share their numbers.
  const settings = names.map((name) => optimizer.settingsOf(name))
  const groups = settings.filter((one, i) => settings.findIndex((other) => same(one, other)) === i)
  const groupOf = (name: string) => groups.findIndex((group) => same(group, optimizer.settingsOf(name)))
  const own = rule.update.scalars.filter((scalar) => scalar !== 'scale')
  const named = (group: number, scalar: string) => `group${group}/${scalar}`
  return {
    state: new Map([...optimizer.state()].filter(([key]) => kept.has(key.slice(key.indexOf('/') + 1)))),
    scalarNames: groups.flatMap((_, group) => own.map((scalar) => named(group, scalar))),
    scalars: (learningRate) =>
      Object.fromEntries(
        groups.flatMap(({ weightDecay, learningRateScale }, group) => {
          const rate = learningRate * learningRateScale
          const values = rule.scalars({ step: optimizer.steps + 1, learningRate: rate, weightDecay, sparse: false })
          return own.map((scalar) => [named(group, scalar), values[scalar]])
        }),
      ),
    update: ({ weights, gradients, state, scalars, gradientScale }) => {
      const updated = { weights: {} as Record<string, tf.Tensor>, state: {} as Record<string, tf.Tensor> }
      for (const name of names) {
        const group = groupOf(name)
        const arrays = {
          p: weights[name],
          g: gradients[name],
          ...Object.fromEntries(rule.state.map((key) => [key, state[`${key}/${name}`]])),
        }
        const numbers = { ...Object.fromEntries(own.map((scalar) => [scalar, scalars[named(group, scalar)]])), scale: gradientScale }
        const result = runOnTensors(rule.update, arrays, numbers)
        updated.weights[name] = result['p'] ?? weights[name]
        for (const key of rule.state) updated.state[`${key}/${name}`] = result[key] ?? state[`${key}/${name}`]
      }
      return updated
    },
  }
}

const same = (a: { weightDecay: number; learningRateScale: number }, b: typeof a) =>
  a.weightDecay === b.weightDecay && a.learningRateScale === b.learningRateScale
