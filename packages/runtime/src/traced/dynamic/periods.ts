import type { Graph } from '../graph.js'
import { agrees } from './agrees.js'
import type { Point } from './size.js'

/** Distances at which a symbol is tried on its own, where not all sizes are treated alike. */
const distances = [1, 2, 4]

/** How many of its distances each symbol goes, so that what depends on one symbol is not taken for what depends on another. */
const strides = [1, 5, 7, 11]

/** A size so far from another one: a smaller one, which limited sizes (a short table of positions) allow, unless it would be 1. */
export const near = (size: number, distance: number): number => (size - distance >= 2 ? size - distance : size + distance)

/**
 * What a few recordings have in common need not hold between them: a stride of 2 does one thing at even sizes and another at odd ones. For each
 * symbol, the distance between the sizes that a graph serves: 1 where it serves all, 2 where only every second one from those of its recordings.
 * A function that depends on what is left of a size after a division does the same at all of these.
 *
 * @param points where it was recorded, at least two
 * @param recordAt records the function at another point; may throw, where the function does not work there
 * @returns undefined where the graph does not hold even for these
 */
export function periodsOf(
  graph: Graph,
  points: readonly Point[],
  recordAt: (point: Point) => Graph<number>,
): readonly number[] | undefined {
  const point = points[points.length - 1]
  const recorded = point.map((size, symbol) => points.map((other) => other[symbol] - size).reduce(greatestCommonDivisor, 0))
  const holdsAt = (moved: Point): boolean => {
    try {
      return agrees(graph, recordAt(moved), moved)
    } catch {
      return false
    }
  }
  const holdsFor = (periods: readonly number[]) =>
    holdsAt(point.map((size, symbol) => near(size, periods[symbol] * strides[symbol % strides.length])))
  if (holdsFor(point.map(() => 1))) return recorded.map((period, symbol) => greatestCommonDivisor(period, strides[symbol % strides.length]))
  const periods = recorded.map(
    (period, symbol) =>
      distances.find((one) => period % one === 0 && holdsAt(point.map((size, i) => (i === symbol ? near(size, one) : size)))) ?? period,
  )
  return holdsFor(periods) ? periods : undefined
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b))
