import type { HostTensor, Inputs, Mode, Parameters } from '@ms/core/tensor'
import type { Tensor1D } from '@tensorflow/tfjs-core'

/** How the running statistics of batch norm are treated while training. */
export type BatchNormMode = 'frozen' | 'batch'

const observedPrefix = 'observed/'

/** Collects, inside a step, what the batch's own statistics are. */
export interface StatisticsObserver {
  /** The mode for one pass of one encoder. */
  mode(prefix: string, pass: number): Mode
  /** Outputs of the step: `observed/PASS/NAME`. */
  readonly outputs: Readonly<Record<string, Tensor1D>>
}

/** @param following names that follow; nothing observed where it is empty, so that batch norm uses its running statistics */
export function statisticsObserver(following: ReadonlyMap<string, number>): StatisticsObserver {
  const outputs: Record<string, Tensor1D> = {}
  return {
    outputs,
    mode: (prefix, pass) => {
      if (following.size === 0) return { training: true }
      return {
        training: true,
        observe: (statistic, value) => {
          outputs[`${observedPrefix}${pass}/${prefix}${statistic}`] = value
        },
      }
    },
  }
}

/** What a step's outputs say of the statistics: in the order of the passes, name and value. */
export function observedIn(outputs: Inputs): { name: string; value: HostTensor }[] {
  return Object.entries(outputs)
    .filter(([key]) => key.startsWith(observedPrefix))
    .map(([key, value]) => {
      const [, pass, name] = key.match(/^observed\/(\d+)\/(.*)$/s)!
      return { pass: Number(pass), name, value }
    })
    .sort((a, b) => a.pass - b.pass)
}

/**
 * Moves running statistics towards what a batch shows, in place: `running ← (1 − follow) · running + follow · observed`, as torch does
 * with its `momentum`.
 */
export function followStatistics(
  running: Parameters,
  observed: readonly { readonly name: string; readonly value: HostTensor }[],
  following: ReadonlyMap<string, number>,
): void {
  for (const { name, value } of observed) {
    const follow = following.get(name)
    const data = running.get(name)?.data
    if (follow === undefined || !data) continue
    for (let i = 0; i < data.length; i++) data[i] += follow * (value.data[i] - data[i])
  }
}
