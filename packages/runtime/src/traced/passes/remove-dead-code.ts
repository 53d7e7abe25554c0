import type { Graph, Node, Value } from '../graph.js'

/** Keep the nodes that the outputs depend on. */
export function removeDeadCode(graph: Graph): Graph {
  const needed = new Set<Value>(graph.outputs.map(({ value }) => value))
  const nodes: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue
    nodes.push(node)
    for (const input of node.inputs) needed.add(input)
  }
  return { inputs: graph.inputs, nodes: nodes.reverse(), outputs: graph.outputs }
}
