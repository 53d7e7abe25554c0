import { MsError, seededRandom } from '@ms/core'

export interface CompareOptions {
  /** Default: 1. */
  seed?: number
  /** Sign flips that are drawn; with few queries all of them are tried instead. Default: 10,000. */
  permutations?: number
  /** Queries shown as examples on each side. Default: 5. */
  examples?: number
}

export interface QueryDifference {
  readonly query: string
  readonly baseline: number
  readonly candidate: number
}

export interface Comparison {
  readonly queries: number
  /** Mean of candidate − baseline. */
  readonly difference: number
  /** Two-sided, of the hypothesis that it makes no difference which system a query was given to. */
  readonly pValue: number
  readonly won: number
  readonly lost: number
  readonly tied: number
  /** Queries with the largest gain, and with the largest loss. */
  readonly examples: { readonly won: readonly QueryDifference[]; readonly lost: readonly QueryDifference[] }
}

/** All sign flips are tried for up to so many queries that differ. */
const exactUpTo = 13

/**
 * Fisher's paired randomisation test (Smucker, Allan and Carterette 2007): how often would chance, swapping the two systems
 * query by query, make a difference at least as large?
 */
function randomisationTest(differences: readonly number[], seed: number, permutations: number): number {
  const moved = differences.filter((value) => value !== 0)
  if (moved.length === 0) return 1
  const observed = Math.abs(moved.reduce((sum, value) => sum + value, 0))
  // Sums of the same numbers in another order differ in their last bits.
  const bound = observed - 1e-9 * moved.reduce((sum, value) => sum + Math.abs(value), 0)
  if (moved.length <= exactUpTo) {
    const all = 2 ** moved.length
    let extreme = 0
    for (let flips = 0; flips < all; flips++) {
      const sum = moved.reduce((total, value, i) => total + ((flips >> i) & 1 ? -value : value), 0)
      if (Math.abs(sum) >= bound) extreme++
    }
    return extreme / all
  }
  const random = seededRandom(seed, 'randomisation-test')
  let extreme = 0
  for (let round = 0; round < permutations; round++) {
    let sum = 0
    let bits = 0
    for (let i = 0; i < moved.length; i++) {
      if (i % 31 === 0) bits = random.integer(2 ** 31)
      sum += bits & 1 ? -moved[i] : moved[i]
      bits >>= 1
    }
    if (Math.abs(sum) >= bound) extreme++
  }
  // The observed assignment is one of the possible ones: the estimate is never 0.
  return (extreme + 1) / (permutations + 1)
}

/**
 * Compares two systems over the same queries.
 *
 * @param baseline query id → value of one metric (`Evaluation.perQuery`)
 * @param candidate the same for the system that should be better
 * @throws `evaluation.queries-differ` when they do not have the same queries
 */
export function compare(
  baseline: ReadonlyMap<string, number>,
  candidate: ReadonlyMap<string, number>,
  { seed = 1, permutations = 10_000, examples = 5 }: CompareOptions = {},
): Comparison {
  if (baseline.size !== candidate.size || [...baseline.keys()].some((query) => !candidate.has(query))) {
    throw new MsError('evaluation.queries-differ', 'the two evaluations are not of the same queries', { kind: 'failure' })
  }
  const rows: QueryDifference[] = [...baseline].map(([query, value]) => ({ query, baseline: value, candidate: candidate.get(query) ?? 0 }))
  const change = (row: QueryDifference) => row.candidate - row.baseline
  const byChange = [...rows].sort((a, b) => change(b) - change(a) || (a.query < b.query ? -1 : 1))
  const won = byChange.filter((row) => change(row) > 0)
  const lost = byChange.filter((row) => change(row) < 0).reverse()
  const differences = rows.map(change)
  return {
    queries: rows.length,
    difference: rows.length === 0 ? 0 : differences.reduce((sum, value) => sum + value, 0) / rows.length,
    pValue: randomisationTest(differences, seed, permutations),
    won: won.length,
    lost: lost.length,
    tied: rows.length - won.length - lost.length,
    examples: { won: won.slice(0, examples), lost: lost.slice(0, examples) },
  }
}
