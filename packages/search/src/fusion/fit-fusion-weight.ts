import type { Run } from '@ms/core'
import { combine, convexCandidates } from './convex-fusion.js'
import { defaultDepth } from './fusion.js'

export interface FitFusionWeightOptions {
  /** How good a run is, higher is better: nDCG@10 over the dev queries, say. */
  score: (run: Run) => number
  /** Weights that are tried. Default: 0, 0.05 … 1. */
  grid?: readonly number[]
  /** Candidates from each list. Default: 100. */
  depth?: number
}

export interface FittedWeight {
  readonly weight: number
  /** What was tried, in the order of the grid. */
  readonly tried: readonly { readonly weight: number; readonly score: number }[]
}

/**
 * The weight of `convexFusion` that is best on a dev split. The curve is smoothed over three neighbours first, so that a few lucky
 * queries of a small dev split do not decide; of equal ones, the weight nearest to the middle is taken.
 */
export function fitFusionWeight(dense: Run, lexical: Run, options: FitFusionWeightOptions): FittedWeight {
  const { score, grid = Array.from({ length: 21 }, (_, i) => i / 20), depth = defaultDepth } = options
  const queries = Array.from(
    new Set([...dense.keys(), ...lexical.keys()]),
    (query) => [query, convexCandidates(dense.get(query) ?? [], lexical.get(query) ?? [], depth)] as const,
  )
  const tried = grid.map((weight) => ({ weight, score: score(new Map(queries.map(([query, all]) => [query, combine(all, weight)]))) }))
  const smooth = tried.map((_, i) => {
    const window = tried.slice(Math.max(0, i - 1), i + 2)
    return window.reduce((sum, each) => sum + each.score, 0) / window.length
  })
  let best = 0
  for (let i = 1; i < tried.length; i++) {
    const gain = smooth[i] - smooth[best]
    const nearer = Math.abs(grid[i] - 0.5) < Math.abs(grid[best] - 0.5)
    if (gain > 1e-12 || (gain > -1e-12 && nearer)) best = i
  }
  return { weight: grid[best], tried }
}
