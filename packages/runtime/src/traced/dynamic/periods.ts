import type { Graph } from '../graph.js'
import { agrees } from './agrees.js'
import type { Point } from './size.js'

/** Distances at which a symbol is tried on its own, where the next size is something else. */
const distances = [1, 2, 4]

/** A size so far from another one: a smaller one, which limited sizes (a short table of positions) allow, unless it would be 1. */
export const near = (size: number, distance: number): number => (size - distance >= 2 ? size - distance : size + distance)

/**
 * What a few recordings have in common need not hold between them: a stride of 2 does one thing at even sizes and another at odd ones. For each
 * symbol, the distance between the sizes that a graph serves: 1 where it serves all, 2 where only every second one from those of its recordings.
 * A function that depends on sizes modulo some number does the same at all of these.
 *
 * @param points where it was recorded, at least two
 * @param recordAt records the function at another point; may throw, where the function does not work there
 */
export function periodsOf(graph: Graph, points: readonly Point[], recordAt: (point: Point) => Graph<number>): readonly number[] {
  const point = points[points.length - 1]
  const periods = point.map((size, symbol) => points.map((other) => other[symbol] - size).reduce(greatestCommonDivisor, 0))
  const holdsAt = (moved: Point): boolean => {
    try {
      return agrees(graph, recordAt(moved), moved)
    } catch {
      return false
    }
  }
  const open = periods.map((period) => period !== 1)
  if (!open.includes(true)) return periods
  if (holdsAt(point.map((size, symbol) => (open[symbol] ? near(size, 1) : size)))) return periods.map(() => 1)
  return periods.map((period, symbol) => {
    const distance = distances.find(
      (one) => period % one === 0 && one !== period && holdsAt(point.map((size, i) => (i === symbol ? near(size, one) : size))),
    )
    return distance ?? period
  })
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b))
