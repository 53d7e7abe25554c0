import { MsError } from '@ms/core'

export interface FitWeightOptions {
  /** Weights that are tried, ascending. Default: 0, 0.05 … 1. */
  grid?: readonly number[]
}

export interface FittedWeight {
  readonly weight: number
  /** What was tried, in the order of the grid. */
  readonly tried: readonly { readonly weight: number; readonly score: number }[]
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/**
 * The weight for which a dev split speaks. The best point of a curve measured on a few queries is mostly luck. With a value for each query,
 * the grid's weights are averaged, each counted by e^((its score − best score) / standard error): a large split ends beside the best point,
 * a tiny one near the middle. With a mean alone, the curve is smoothed over three neighbours and its best point taken, the nearest to the
 * middle of equal ones.
 *
 * @param score how good a weight is, higher is better: best one value a query, in the same order each time; a mean alone will do
 * @throws `search.fusion` for an empty grid, or scores that are no numbers
 */
export function fitWeight(score: (weight: number) => number | readonly number[], options: FitWeightOptions = {}): FittedWeight {
  const { grid = Array.from({ length: 21 }, (_, i) => i / 20) } = options
  if (grid.length === 0) throw new MsError('search.fusion', 'the grid is empty', { where: 'grid', advice: 'Give weights from 0 to 1.' })
  const perQuery: (readonly number[])[] = []
  const tried = grid.map((weight) => {
    const found = score(weight)
    if (typeof found !== 'number') perQuery.push(found)
    const value = typeof found === 'number' ? found : mean(found)
    if (!Number.isFinite(value)) throw new MsError('search.fusion', `the score of weight ${weight} is ${value}`, { where: 'score' })
    return { weight, score: value }
  })
  const scores = tried.map((each) => each.score)
  const best = perQuery.length === grid.length && perQuery[0].length > 0 ? expected(scores, perQuery, grid) : smoothedBest(scores, grid)
  return { weight: grid[best], tried }
}

/** Grid point nearest to the expected weight. */
function expected(scores: readonly number[], perQuery: readonly (readonly number[])[], grid: readonly number[]): number {
  const queries = perQuery[0].length
  // How much weights differ within a query: what all of them gain on an easy query tells nothing.
  let variance = 0
  for (let q = 0; q < queries; q++) {
    const values = perQuery.map((of) => of[q])
    const middle = mean(values)
    variance += mean(values.map((value) => (value - middle) ** 2)) / queries
  }
  const error = Math.max(Math.sqrt(variance / queries), 1e-9)
  const most = Math.max(...scores)
  const shares = scores.map((score) => Math.exp((score - most) / error))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return nearest(grid, shares.reduce((sum, share, i) => sum + share * grid[i], 0) / total)
}

function smoothedBest(scores: readonly number[], grid: readonly number[]): number {
  const smooth = scores.map((_, i) => mean(scores.slice(Math.max(0, i - 1), i + 2)))
  let best = 0
  for (let i = 1; i < scores.length; i++) {
    const gain = smooth[i] - smooth[best]
    const nearer = Math.abs(grid[i] - 0.5) < Math.abs(grid[best] - 0.5)
    if (gain > 1e-12 || (gain > -1e-12 && nearer)) best = i
  }
  return best
}

const nearest = (grid: readonly number[], weight: number): number =>
  grid.reduce((best, candidate, i) => (Math.abs(candidate - weight) < Math.abs(grid[best] - weight) ? i : best), 0)
