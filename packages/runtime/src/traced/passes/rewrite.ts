import { shapeKey, sizeKey } from '../dynamic/size.js'
import { type Attributes, type ConstantValue, type Graph, makeNode, type Node, type Value } from '../graph.js'

/** Makes nodes, and gives back the old one where an equal node exists (common subexpressions). */
export class Builder {
  readonly nodes: Node[] = []
  readonly #known = new Map<string, Node>()
  readonly #constants = new Map<string, Value>()
  readonly #ids = new Map<unknown, number>()

  node(op: string, inputs: readonly Value[], attributes: Attributes, outputs: readonly Pick<Value, 'dtype' | 'shape'>[]): Node {
    const unique = inputs.map((input) => (input.kind === 'constant' ? this.#constant(input) : input))
    const key = this.#keyOf(op, unique, attributes, outputs.length)
    const known = this.#known.get(key)
    if (known) return known
    const node = makeNode(op, unique, attributes, outputs)
    this.nodes.push(node)
    this.#known.set(key, node)
    return node
  }

  /** The result of an equal node with one output, if there is one. */
  find(op: string, inputs: readonly Value[], attributes: Attributes): Value | undefined {
    return this.#known.get(this.#keyOf(op, inputs, attributes, 1))?.outputs[0]
  }

  /** A node with one output. */
  value(op: string, inputs: readonly Value[], attributes: Attributes, output: Pick<Value, 'dtype' | 'shape'>): Value {
    return this.node(op, inputs, attributes, [output]).outputs[0]
  }

  #keyOf(op: string, inputs: readonly Value[], attributes: Attributes, outputs: number): string {
    return JSON.stringify([op, inputs.map((input) => this.#id(input)), attributes, outputs])
  }

  #constant(value: ConstantValue): Value {
    const { content, dtype, shape } = value
    const data = {
      list: () => (content.form === 'list' ? content.values.map(sizeKey).join() : ''),
      array: () =>
        content.form === 'array' ? (content.values.length <= 4096 ? content.values.join() : `#${this.#id(content.values)}`) : '',
      fill: () => (content.form === 'fill' ? (Object.is(content.value, -0) ? '-0' : sizeKey(content.value)) : ''),
      range: () => (content.form === 'range' ? `${sizeKey(content.start)},${sizeKey(content.step)}` : ''),
      identity: () => '',
    }[content.form]()
    const key = `${dtype}[${shapeKey(shape)}]${content.form}:${data}`
    const known = this.#constants.get(key)
    if (known) return known
    this.#constants.set(key, value)
    return value
  }

  #id(value: unknown): number {
    const known = this.#ids.get(value)
    if (known !== undefined) return known
    this.#ids.set(value, this.#ids.size)
    return this.#ids.size - 1
  }
}

/** What to put in place of a node: a value for its only output, or undefined to keep it. Its inputs are rewritten already. */
export type Rule = (node: Node, inputs: readonly Value[], builder: Builder) => Value | undefined

/** Rules that keep finding something to do would be wrong; they are stopped. */
const mostPasses = 16

/** Rebuild a graph node by node, applying the first rule that fits, again and again until none fits anywhere. */
export function rewrite(graph: Graph, rules: readonly Rule[]): Graph {
  let current = graph
  for (let pass = 0; pass < mostPasses; pass++) {
    const { rewritten, changed } = rewriteOnce(current, rules)
    if (!changed) return rewritten
    current = rewritten
  }
  return current
}

function rewriteOnce(graph: Graph, rules: readonly Rule[]): { rewritten: Graph; changed: boolean } {
  const builder = new Builder()
  const replaced = new Map<Value, Value>()
  const current = (value: Value) => replaced.get(value) ?? value
  let changed = false
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(current)
    let value: Value | undefined
    for (const rule of rules) {
      value = rule(node, inputs, builder)
      if (value) break
    }
    if (value) changed = true
    const outputs = value ? [value] : builder.node(node.op, inputs, node.attributes, node.outputs).outputs
    node.outputs.forEach((output, i) => {
      replaced.set(output, outputs[i])
    })
  }
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: current(value) }))
  return { rewritten: { inputs: graph.inputs, nodes: builder.nodes, outputs }, changed }
}
