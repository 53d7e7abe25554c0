import { type Hit, MsError } from '@ms/core'
import { byScore, candidates, defaultDepth, type FusedHit, type Fusion } from './fusion.js'

export interface ConvexFusionOptions {
  /** Share of the dense leg, 0 to 1. Fit it on a dev split: `fitFusionWeight`. */
  weight: number
  /** Candidates from each list. Default: 100. */
  depth?: number
}

/** A candidate with what each leg contributes at full weight. */
export interface ConvexCandidate {
  readonly hit: Omit<FusedHit, 'score'>
  readonly dense: number
  readonly lexical: number
}

/** What does not depend on the weight: done once for a query, however many weights are tried. */
export function convexCandidates(dense: readonly Hit[], lexical: readonly Hit[], depth: number): ConvexCandidate[] {
  const best = lexical.reduce((most, { score }) => Math.max(most, score), 0)
  const floor = dense.reduce((least, { score }) => Math.min(least, score), Number.POSITIVE_INFINITY)
  return candidates(dense, lexical, depth).map((hit) => ({
    hit,
    dense: hit.dense ?? (dense.length > 0 ? floor : 0),
    lexical: best > 0 ? (hit.lexical ?? 0) / best : 0,
  }))
}

/** Best first; equal scores in the order of ids. */
export function combine(all: readonly ConvexCandidate[], weight: number): FusedHit[] {
  return all.map(({ hit, dense, lexical }) => ({ ...hit, score: weight * dense + (1 - weight) * lexical })).sort(byScore)
}

/**
 * score = w · dense + (1 − w) · lexical / best lexical score of this query (Bruch, Gai and Ingber 2023). Needs dense scores of a
 * known range (cosines). A document that the lexical list does not have scores 0 there; one that the dense list does not
 * have is given the lowest score of that list, since it cannot be better.
 *
 * @throws `search.fusion` for a weight outside 0 … 1
 */
export function convexFusion({ weight, depth: usual = defaultDepth }: ConvexFusionOptions): Fusion {
  if (!(weight >= 0 && weight <= 1))
    throw new MsError('search.fusion', `the weight is ${weight}`, { advice: 'Give a number from 0 (keywords only) to 1.' })
  return {
    name: `convex(${weight})`,
    fuse: (dense, lexical, depth = usual) => combine(convexCandidates(dense, lexical, depth), weight),
  }
}
