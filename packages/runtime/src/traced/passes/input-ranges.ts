import { fixedShape } from '../dynamic/size.js'
import type { Graph, Value } from '../graph.js'
import { list } from './constants.js'
import { Builder } from './rewrite.js'

/** The smallest and the largest number that was seen in each column. */
export interface InputRange {
  readonly low: Float32Array
  readonly high: Float32Array
}

/** Of what matrices are multiplied with, by the matrices' names. */
export type InputRanges = ReadonlyMap<string, InputRange>

/** `x · matrix`: `[rows, columns]` with columns of fixed number. */
export interface ObservedProduct {
  readonly x: Value
  readonly matrix: string
}

/** A graph that tells what its products are fed. */
export interface ObservedGraph {
  /** Its only output: the least number of every column, then the largest of every column. */
  readonly graph: Graph
  /** What several runs told, together. */
  ranges(runs: readonly Float32Array[]): InputRanges
}

export function observeInputs(graph: Graph, products: readonly ObservedProduct[], output: string): ObservedGraph {
  const places = new Map<Value, { readonly start: number; readonly width: number }>()
  let total = 0
  for (const { x } of products) {
    if (places.has(x)) continue
    const width = fixedShape(x.shape.slice(1))?.[0] ?? 0
    places.set(x, { start: total, width })
    total += width
  }
  const builder = new Builder()
  const ends = (op: string) =>
    Array.from(places, ([x, { width }]) => builder.value(op, [x, list([0])], { keepdims: 0 }, { dtype: 'float32', shape: [width] }))
  const told = builder.value('Concat', [...ends('ReduceMin'), ...ends('ReduceMax')], { axis: 0 }, { dtype: 'float32', shape: [2 * total] })
  return {
    graph: { inputs: graph.inputs, nodes: [...graph.nodes, ...builder.nodes], outputs: [{ name: output, value: told }] },
    ranges: (runs) => {
      const ranges = new Map<string, InputRange>()
      for (const { x, matrix } of products) {
        const { start, width } = places.get(x)!
        const known = ranges.get(matrix)
        const low = known?.low ?? new Float32Array(width).fill(Number.POSITIVE_INFINITY)
        const high = known?.high ?? new Float32Array(width).fill(Number.NEGATIVE_INFINITY)
        for (const run of runs) {
          for (let column = 0; column < width; column++) {
            low[column] = Math.min(low[column], run[start + column])
            high[column] = Math.max(high[column], run[total + start + column])
          }
        }
        ranges.set(matrix, { low, high })
      }
      return ranges
    },
  }
}
