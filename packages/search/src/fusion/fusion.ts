import type { Hit } from '@ms/core'

/** A document with what each leg thought of it. */
export interface FusedHit extends Hit {
  /** Score of the dense leg, where it is known. */
  readonly dense?: number
  /** Score of the lexical leg, where it is known. */
  readonly lexical?: number
}

/** Makes one ranking of two. */
export interface Fusion {
  readonly name: string
  /**
   * Both lists best first. Only the first `depth` of each become candidates; what stands behind them is used to know the
   * other leg's score of a candidate.
   * @param depth default: the fusion's own
   * @returns best first; equal scores in the order of ids
   */
  fuse(dense: readonly Hit[], lexical: readonly Hit[], depth?: number): FusedHit[]
}

/** How many of each list become candidates where nothing else is said. */
export const defaultDepth = 100

/** The candidates of two lists, with both scores as far as they are known. */
export function candidates(
  dense: readonly Hit[],
  lexical: readonly Hit[],
  depth: number,
): { id: string; dense?: number; lexical?: number }[] {
  const denseScores = new Map(dense.map(({ id, score }) => [id, score]))
  const lexicalScores = new Map(lexical.map(({ id, score }) => [id, score]))
  const ids = new Set([...dense.slice(0, depth), ...lexical.slice(0, depth)].map(({ id }) => id))
  return Array.from(ids, (id) => ({ id, dense: denseScores.get(id), lexical: lexicalScores.get(id) }))
}

export const byScore = (a: Hit, b: Hit) => b.score - a.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
