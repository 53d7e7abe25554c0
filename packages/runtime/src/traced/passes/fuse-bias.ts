import { sameShape, sizeKey } from '../dynamic/size.js'
import type { Graph, Value } from '../graph.js'
import { type Rule, rewrite } from './rewrite.js'

/** `Gemm(a, b) + bias` as one Gemm, where nothing else reads the product. */
export function fuseBias(graph: Graph): Graph {
  const uses = new Map<Value, number>()
  for (const value of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map((output) => output.value)]) {
    uses.set(value, (uses.get(value) ?? 0) + 1)
  }
  const onlyUse = new Set<Value>()
  for (const { op, inputs } of graph.nodes) {
    if (op === 'Add') for (const input of inputs) if (uses.get(input) === 1) onlyUse.add(input)
  }
  // Rewriting makes new nodes, so a product is recognised by the old node.
  const rule: Rule = (node, inputs, builder) => {
    if (node.op !== 'Add') return undefined
    const [output] = node.outputs
    for (const [i, old] of node.inputs.entries()) {
      const product = inputs[i]
      const bias = inputs[1 - i]
      if (!onlyUse.has(old) || product.kind !== 'result' || product.node.op !== 'Gemm' || product.node.inputs.length > 2) continue
      if (bias.shape.length !== 1 || !sameShape(product.shape, output.shape) || sizeKey(bias.shape[0]) !== sizeKey(output.shape[1]))
        continue
      return builder.value('Gemm', [...product.node.inputs, bias], product.node.attributes, output)
    }
    return undefined
  }
  return rewrite(graph, [rule])
}
