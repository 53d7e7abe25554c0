import type { Graph, Value } from '../graph.js'

/** How often each value is read, by nodes and as an output. */
export function usesOf(graph: Graph): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>()
  for (const value of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map((output) => output.value)]) {
    uses.set(value, (uses.get(value) ?? 0) + 1)
  }
  return uses
}
