import { type Attributes, type ElementType, type Graph, type InputValue, makeNode, type Node, type Value } from './graph.js'

/** A value of a recording, in which every size is a number. */
export type Recorded = Value<number>

/** Collects the nodes of one recording; the kernels write to it. It decides nothing: simplifying comes later. */
export class Recorder {
  readonly #nodes: Node<number>[] = []
  readonly #inputs: InputValue<number>[] = []

  /** Append a node with several outputs. */
  nodes(
    op: string,
    inputs: readonly Recorded[],
    outputs: readonly { readonly dtype: ElementType; readonly shape: readonly number[] }[],
    attributes: Attributes = {},
  ): readonly Recorded[] {
    const node = makeNode(op, inputs, attributes, outputs)
    this.#nodes.push(node)
    return node.outputs
  }

  /** Append a node with one output. */
  node(
    op: string,
    inputs: readonly Recorded[],
    { dtype, shape }: { readonly dtype: ElementType; readonly shape: readonly number[] },
    attributes?: Attributes,
  ): Recorded {
    return this.nodes(op, inputs, [{ dtype, shape }], attributes)[0]
  }

  input(name: string, dtype: ElementType, shape: readonly number[]): Recorded {
    const value: InputValue<number> = { kind: 'input', name, dtype, shape }
    this.#inputs.push(value)
    return value
  }

  /** `[n]` int64: shapes, axes, positions. */
  ints(values: readonly number[]): Recorded {
    return { kind: 'constant', dtype: 'int64', shape: [values.length], content: { form: 'list', values } }
  }

  /** A tensor whose elements are all equal; a scalar where no shape is given. */
  fill(value: number, dtype: ElementType = 'float32', shape: readonly number[] = []): Recorded {
    return { kind: 'constant', dtype, shape, content: { form: 'fill', value: dtype === 'float32' ? Math.fround(value) : value } }
  }

  /** A tensor of these numbers. */
  constant(values: ArrayLike<number>, dtype: ElementType, shape: readonly number[]): Recorded {
    if (values.length > 0) {
      let equal = true
      for (let i = 1; i < values.length && equal; i++) equal = Object.is(values[i], values[0])
      if (equal) return this.fill(values[0], dtype, shape)
    }
    const array = dtype === 'float32' ? Float32Array.from(values) : dtype === 'bool' ? Uint8Array.from(values) : Int32Array.from(values)
    return { kind: 'constant', dtype, shape, content: { form: 'array', values: array } }
  }

  graph(outputs: Graph<number>['outputs']): Graph<number> {
    return { inputs: this.#inputs, nodes: this.#nodes, outputs }
  }
}
