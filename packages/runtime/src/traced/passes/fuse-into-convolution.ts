import { sameShape } from '../dynamic/size.js'
import type { Graph, Node, Value } from '../graph.js'
import { blockedConv } from './blocked-operators.js'
import { type Rule, rewrite } from './rewrite.js'
import { usesOf } from './uses.js'

/** A sum with another map, and a relu, at the end of a blocked convolution whose plain result nothing else reads. */
export function fuseIntoConvolution(graph: Graph): Graph {
  const uses = usesOf(graph)
  const fusing: Rule = (node, inputs, builder) => {
    const { op, outputs } = node
    if (op !== 'Add' && op !== 'Relu') return undefined
    for (const [i, before] of node.inputs.entries()) {
      const conv = convolutionOf(inputs[i])
      if (!conv || uses.get(before) !== 1 || conv.attributes['activation'] || !sameShape(inputs[i].shape, outputs[0].shape)) continue
      if (op === 'Relu') return builder.value(conv.op, conv.inputs, { ...conv.attributes, activation: 'Relu' }, outputs[0])
      const other = inputs[1 - i]
      // Its inputs are x, filter, bias, sum.
      if (conv.inputs.length !== 3 || !sameShape(other.shape, outputs[0].shape)) continue
      return builder.value(conv.op, [...conv.inputs, other], conv.attributes, outputs[0])
    }
    return undefined
  }
  // One pass finds the sums, the next the relus behind them.
  return rewrite(graph, [fusing])
}

const convolutionOf = (value: Value): Node | undefined =>
  value.kind === 'result' && value.node.op === blockedConv ? value.node : undefined
