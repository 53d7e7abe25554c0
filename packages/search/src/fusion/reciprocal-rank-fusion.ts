import { MsError } from '@ms/core'
import { byScore, candidates, defaultDepth, type Fusion } from './fusion.js'

export interface ReciprocalRankFusionOptions {
  /** Damps the first ranks. Default: 60. */
  k?: number
  /** Candidates from each list. Default: 100. */
  depth?: number
}

/**
 * score = Σ 1 / (k + rank) over the lists that have the document (Cormack, Clarke and Büttcher 2009). Needs no fitting; where one leg is
 * much weaker than the other it can fall behind the better one, which a fitted `convexFusion` does not.
 *
 * @throws `search.fusion` for a k below 0
 */
export function reciprocalRankFusion({ k = 60, depth: usual = defaultDepth }: ReciprocalRankFusionOptions = {}): Fusion {
  if (!(k >= 0 && Number.isFinite(k)))
    throw new MsError('search.fusion', `k is ${k}`, { advice: 'Give a number of at least 0; 60 is usual.' })
  const ranks = (hits: readonly { id: string }[], depth: number) =>
    new Map(hits.slice(0, depth).map(({ id }, rank) => [id, 1 / (k + rank + 1)]))
  return {
    name: `rrf(${k})`,
    fuse: (dense, lexical, depth = usual) => {
      const [denseRanks, lexicalRanks] = [ranks(dense, depth), ranks(lexical, depth)]
      return candidates(dense, lexical, depth)
        .map((hit) => ({ ...hit, score: (denseRanks.get(hit.id) ?? 0) + (lexicalRanks.get(hit.id) ?? 0) }))
        .sort(byScore)
    },
  }
}
