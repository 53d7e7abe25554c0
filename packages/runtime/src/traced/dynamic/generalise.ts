import { MsError } from '@ms/core'
import type { TensorFunction, Tensors } from '@ms/core/tensor'
import type { Graph } from '../graph.js'
import { record, type Signature } from '../record.js'
import { agrees } from './agrees.js'
import { near, periodsOf } from './periods.js'
import type { Point } from './size.js'
import { findSymbols, type GraphSymbol, linkMultiples, masksOf, pointOf, type Shapes, shapesAt, shapesOf, withShapes } from './symbols.js'
import { Mismatch, unify } from './unify.js'

/** Twice a prime: halves work, and products of them are told apart. */
const probeSizes = [6, 10, 14, 22, 26, 34, 38, 46, 58, 62, 74, 82, 86, 94, 106, 118, 122, 134, 142, 146]

/** Two points so many of a distance away, in other ratios for each symbol: what depends on one is not to be taken for what depends on another. */
function nearBy(point: Point, distance: number): readonly [Point, Point] {
  const ratios = [
    [1, 2],
    [3, 1],
    [2, 3],
    [1, 4],
  ]
  const at = (i: number) => point.map((size, symbol) => near(size, distance * ratios[symbol % ratios.length][i]))
  return [at(0), at(1)]
}

/** Two points at which the function is tried besides the one it is needed at. */
const probes: readonly ((point: Point) => readonly [Point, Point])[] = [
  (point) => {
    const sizes = probeSizes.filter((size) => !point.includes(size))
    const at = (offset: number) => point.map((_, symbol) => sizes[(2 * symbol + offset) % sizes.length])
    return [at(0), at(1)]
  },
  // Where sizes are limited (a short table of positions), near the needed ones; then where a stride of 4 ends as it does there.
  (point) => nearBy(point, 2),
  (point) => nearBy(point, 4),
]

/** A graph in which sizes are open, and the distance between the sizes that it serves, for each symbol. */
export interface Recording {
  readonly graph: Graph
  readonly periods: readonly number[]
}

/** A recording that serves every shape which differs from the recorded one in its symbols only. */
export class General<O extends Tensors> {
  #lowest: readonly number[]
  #highest: readonly number[]

  constructor(
    readonly fn: TensorFunction<O>,
    readonly signature: Signature,
    readonly recording: Recording,
    readonly symbols: readonly GraphSymbol[],
    /** Values of the symbols in the shapes that it was recorded for. */
    readonly point: Point,
  ) {
    this.#lowest = point
    this.#highest = point
  }

  get graph(): Graph {
    return this.recording.graph
  }

  /**
   * Whether it serves these shapes. A function may do one thing for short texts and another for long ones; so at sizes beyond
   * those seen so far it is recorded once more and compared.
   */
  serves(signature: Signature): boolean {
    const shapes = shapesOf(signature)
    const point = pointOf(this.symbols, shapes)
    if (!point || point.includes(0)) return false
    if (point.some((size, symbol) => (size - this.point[symbol]) % this.recording.periods[symbol] !== 0)) return false
    const expected = shapesAt(shapesOf(this.signature), this.symbols, point)
    for (const [name, shape] of shapes) if (expected.get(name)?.join() !== shape.join()) return false
    const lowest = this.#lowest.map((size, symbol) => Math.min(size, point[symbol]))
    const highest = this.#highest.map((size, symbol) => Math.max(size, point[symbol]))
    if (lowest.join() === this.#lowest.join() && highest.join() === this.#highest.join()) return true
    if (!agrees(this.graph, record(this.fn, signature), point)) return false
    this.#lowest = lowest
    this.#highest = highest
    return true
  }
}

/**
 * Record a function so that as many sizes as possible may change from run to run. It is recorded at the needed shapes and at
 * two others; where those recordings are one graph but for numbers with a formula, the graph with the formulas is the result.
 *
 * @param seen signatures that it was run with before, newest last; the needed one is the last
 * @param options `fixed`: only for the needed shapes, without trying
 * @throws `engine.not-deterministic` where two recordings at equal shapes differ
 */
export function generalise<O extends Tensors>(
  fn: TensorFunction<O>,
  seen: readonly Signature[],
  { fixed = false }: { fixed?: boolean } = {},
): General<O> {
  const signature = seen[seen.length - 1]
  const needed = record(fn, signature)
  if (fixed) return new General(fn, signature, { graph: needed, periods: [] }, [], [])
  const shapes = shapesOf(signature)
  // The needed shapes first: the others only help to tell axes apart.
  const seenShapes = [shapes, ...seen.slice(0, -1).map(shapesOf)]
  const attempt = (symbols: readonly GraphSymbol[]): General<O> | undefined => {
    if (symbols.length === 0) return undefined
    const recording = recordWithSymbols(fn, signature, symbols, needed)
    return recording instanceof Mismatch ? undefined : new General(fn, signature, recording, symbols, pointOf(symbols, shapes) ?? [])
  }
  const independent = findSymbols(seenShapes, masksOf(signature))
  for (const symbols of [independent, linkMultiples(independent, seenShapes)]) {
    const large = withoutOnes(symbols, shapes)
    const found = attempt(symbols) ?? attempt(large) ?? attempt(large.filter((symbol) => attempt([symbol])))
    if (found) return found
  }
  if (!agrees(needed, record(fn, signature), [])) {
    throw new MsError('engine.not-deterministic', 'a tensor function gives another graph each time it is recorded', {
      advice: 'Draw random numbers (dropout masks, noise) outside of it and hand them over as inputs.',
    })
  }
  return new General(fn, signature, { graph: needed, periods: [] }, [], [])
}

/**
 * One graph in which the symbols' sizes are open, or why there is none.
 *
 * @param needed the recording at the signature's own shapes
 */
export function recordWithSymbols<O extends Tensors>(
  fn: TensorFunction<O>,
  signature: Signature,
  symbols: readonly GraphSymbol[],
  needed: Graph<number> = record(fn, signature),
): Recording | Mismatch {
  const shapes = shapesOf(signature)
  const point = pointOf(symbols, shapes)
  if (!point) return new Mismatch('axes that should have one size have several')
  const recordAt = (probe: Point) => record(fn, withShapes(signature, shapesAt(shapes, symbols, probe)))
  let mismatch = new Mismatch('there are no axes of open size')
  for (const choose of probes) {
    const points = choose(point)
    try {
      const graph = unify([...points.map(recordAt), needed], [...points, point])
      const periods = graph instanceof Mismatch ? undefined : periodsOf(graph, [...points, point], recordAt)
      if (!(graph instanceof Mismatch) && periods) return { graph, periods }
      mismatch = graph instanceof Mismatch ? graph : new Mismatch('the same formulas do not hold at other sizes')
    } catch (error) {
      // The function works at the needed shapes, so the others do not fit it: not every size is free.
      mismatch = new Mismatch(`it does not work at other sizes: ${error instanceof Error ? error.message : error}`)
    }
  }
  return mismatch
}

/** Axes of size 1 broadcast, so recordings differ there. */
const withoutOnes = (symbols: readonly GraphSymbol[], shapes: Shapes) => symbols.filter((symbol) => pointOf([symbol], shapes)?.[0] !== 1)
