import { type Shape, type Size, sameShape, sizeKey } from '../dynamic/size.js'
import type { Graph } from '../graph.js'
import { list } from './constants.js'
import { type Rule, rewrite } from './rewrite.js'
import { usesOf } from './uses.js'

/** `Gemm(a, b) + bias` and `Conv(x, filter) + bias` as one operator, where nothing else reads the product. */
export function fuseBias(graph: Graph): Graph {
  const uses = usesOf(graph)
  // Rewriting makes new nodes, so a product is recognised by the old node.
  const rule: Rule = (node, inputs, builder) => {
    if (node.op !== 'Add') return undefined
    const [output] = node.outputs
    for (const [i, old] of node.inputs.entries()) {
      const product = inputs[i]
      const bias = inputs[1 - i]
      if (uses.get(old) !== 1 || product.kind !== 'result' || product.node.inputs.length > 2) continue
      if (!sameShape(product.shape, output.shape)) continue
      const { op, attributes } = product.node
      if (op === 'Gemm' && isVector(bias.shape, output.shape[1])) {
        return builder.value(op, [...product.node.inputs, bias], attributes, output)
      }
      if (op === 'Conv' && isChannels(bias.shape, output.shape[1])) {
        const shape = [output.shape[1]]
        const vector = builder.value('Reshape', [bias, list(shape)], {}, { dtype: bias.dtype, shape })
        return builder.value(op, [...product.node.inputs, vector], attributes, output)
      }
    }
    return undefined
  }
  return rewrite(graph, [rule])
}

const isVector = (shape: Shape, size: Size) => shape.length === 1 && sizeKey(shape[0]) === sizeKey(size)

/** `[channels, 1, 1]` or `[1, channels, 1, 1]` */
const isChannels = (shape: Shape, size: Size) =>
  shape.length >= 3 &&
  sizeKey(shape[shape.length - 3]) === sizeKey(size) &&
  shape.every((one, axis) => axis === shape.length - 3 || one === 1)
