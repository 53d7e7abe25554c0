import { MsError } from '@ms/core'
import type { HostTensor, Parameters } from '@ms/core/tensor'
import { compileFused, type FusedKernel, fusedMemory } from '@ms/runtime'
import { gradientNorm } from './gradient-norm.js'
import { namePattern } from './name-pattern.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** Parameters that are treated differently from the rest. The first group that matches a name counts. */
export interface ParameterGroup {
  /** Patterns of names: `*.bias`. See `namePattern`. */
  match: readonly string[]
  /** Default: the rule's. */
  weightDecay?: number
  /** Factor of the learning rate. Default: 1. */
  learningRateScale?: number
}

/** Biases and normalisations are left out of weight decay, as BERT was trained. */
export const noDecayOnBiasAndNorm: ParameterGroup = {
  match: ['*bias', '*LayerNorm.weight', '*layer_norm.weight', '*layernorm.weight', '*norm.weight'],
  weightDecay: 0,
}

/** The gradient of one parameter. */
export interface Gradient {
  readonly data: Float32Array
  /** Of a table: the rows that `data` `[rows.length, width]` is of, each once. Absent: the whole parameter. */
  readonly rows?: Int32Array
}

export interface OptimizerStep {
  readonly learningRate: number
  /** Factor of all gradients. Default: 1. */
  readonly gradientScale?: number
}

/** What of the settings a parameter has by its group. */
export interface ParameterSettings {
  readonly weightDecay: number
  readonly learningRateScale: number
}

/** A rule with the weights it works on and what it remembers of them. */
export interface Optimizer {
  readonly rule: OptimizerRule
  /** The weights, in memory of the optimiser's own: `step` changes them in place. */
  readonly parameters: Parameters
  /** Steps done. */
  readonly steps: number
  /**
   * Arrays of its own for gradients to be written into: `gradientNorm` and `step` need not copy those. Of the parameters whose gradients are
   * dense; none where there is not that much memory.
   */
  readonly gradients: Parameters
  settingsOf(name: string): ParameterSettings
  /** The Euclidean norm of all gradients together; sparse ones count with the rows they have. NaN or infinite where one of them is. */
  gradientNorm(gradients: ReadonlyMap<string, Gradient>): number
  /** Updates the weights that there are gradients of. It is one step, also where an engine updates the others or all of them. */
  step(gradients: ReadonlyMap<string, Gradient>, options: OptimizerStep): void
  /** `exp_avg/NAME` …: views, not copies. */
  state(): Map<string, HostTensor<Float32Array>>
  /** @throws `checkpoint.state` when an array is missing or of another size */
  restore(steps: number, state: Parameters): void
}

export interface OptimizerOptions {
  /** Weights that are trained, as they are at first. They are copied. */
  parameters: Parameters
  groups?: readonly ParameterGroup[]
  /** Names of the tables of which only some rows have gradients at a step. Default: none. */
  sparse?: ReadonlySet<string>
}

interface Slot extends ParameterSettings {
  readonly weight: HostTensor<Float32Array>
  readonly state: Readonly<Record<string, Float32Array>>
}

/** Arrays of the rule besides the gradient. */
const tablesOf = (rule: OptimizerRule) => ['p', ...rule.state]

export function createOptimizer(rule: OptimizerRule, { parameters, groups = [], sparse = new Set() }: OptimizerOptions): Optimizer {
  const dense = [...parameters].filter(([name]) => !sparse.has(name))
  // They lie where the kernel can work on them without copying: at random rows of a table that is most of the time.
  const memory = fusedMemory(
    [...parameters.values()].flatMap(({ data }) => tablesOf(rule).map(() => data.length)),
    dense.map(([, { data }]) => data.length),
  )
  const kernel: FusedKernel<string, string> = compileFused(rule.update, { memory })
  const tests = groups.map((group) => ({ group, matches: group.match.map(namePattern) }))
  const slots = new Map<string, Slot>()
  for (const [name, { shape, data }] of parameters) {
    const group = tests.find(({ matches }) => matches.some((matches) => matches(name)))?.group
    const first = slots.size * (1 + rule.state.length)
    const [weight, ...state] = memory.arrays.slice(first, first + 1 + rule.state.length)
    weight.set(data)
    slots.set(name, {
      weight: { shape, data: weight },
      state: Object.fromEntries(rule.state.map((key, i) => [key, state[i]])),
      weightDecay: group?.weightDecay ?? rule.weightDecay,
      learningRateScale: group?.learningRateScale ?? 1,
    })
  }
  const entries = () =>
    [...slots].flatMap(([name, { weight, state }]) =>
      rule.state.map((key): [string, HostTensor<Float32Array>] => [`${key}/${name}`, { shape: weight.shape, data: state[key] }]),
    )
  let steps = 0
  return {
    rule,
    gradients: new Map(memory.spare.map((data, i) => [dense[i][0], { shape: dense[i][1].shape, data }])),
    settingsOf: (name) => slots.get(name)!,
    gradientNorm: gradientNorm(memory),
    parameters: new Map([...slots].map(([name, { weight }]) => [name, weight])),
    get steps() {
      return steps
    },
    step: (gradients, { learningRate, gradientScale = 1 }) => {
      steps++
      for (const [name, { data, rows }] of gradients) {
        const { weight, state, weightDecay, learningRateScale } = slots.get(name)!
        const arrays = { p: weight.data, g: data, ...state }
        const settings = {
          step: steps,
          learningRate: learningRate * learningRateScale,
          weightDecay,
          sparse: rows !== undefined,
        }
        const scalars = { ...rule.scalars(settings), scale: gradientScale }
        if (rows) kernel.runRows(arrays, scalars, { rows, width: weight.data.length / weight.shape[0], tables: tablesOf(rule) })
        else kernel.run(arrays, scalars)
      }
    },
    state: () => new Map(entries()),
    restore: (done, saved) => {
      for (const [name, { data }] of entries()) {
        const values = saved.get(name)
        if (values?.data.length !== data.length) {
          throw new MsError('checkpoint.state', `the optimiser's ${name} is ${values ? 'of another size' : 'missing'}`, {
            where: name,
            advice: 'Resume with the optimiser and the model that the checkpoint was made with.',
          })
        }
      }
      for (const [name, { data }] of entries()) data.set(saved.get(name)!.data)
      steps = done
    },
  }
}
