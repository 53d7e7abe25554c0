import type { Run } from '@ms/core'
import { combine, convexCandidates } from './convex-fusion.js'
import { type FittedWeight, fitWeight } from './fit-weight.js'
import { defaultDepth } from './fusion.js'

export interface FitFusionWeightOptions {
  /**
   * How good a run is, higher is better: nDCG@10 of the dev queries, say. Best given as one value a query, in the same order
   * each time: their spread then says how far the curve can be trusted. A mean alone will do.
   */
  score: (run: Run) => number | readonly number[]
  /** Weights that are tried, ascending. Default: 0, 0.05 … 1. */
  grid?: readonly number[]
  /** Candidates from each list. Default: 100. */
  depth?: number
}

/**
 * The weight of `convexFusion` for which a dev split speaks, chosen as `fitWeight` does.
 *
 * @throws `search.fusion` for an empty grid, or scores that are no numbers
 */
export function fitFusionWeight(dense: Run, lexical: Run, options: FitFusionWeightOptions): FittedWeight {
  const { score, grid, depth = defaultDepth } = options
  const queries = Array.from(
    new Set([...dense.keys(), ...lexical.keys()]),
    (query) => [query, convexCandidates(dense.get(query) ?? [], lexical.get(query) ?? [], depth)] as const,
  )
  return fitWeight((weight) => score(new Map(queries.map(([query, all]) => [query, combine(all, weight)]))), { grid })
}
