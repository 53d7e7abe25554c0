import { type Content, type Graph, type InputValue, makeNode, type Node, type Value } from '../graph.js'
import { numbersOf, sameNumbers } from './content.js'
import type { Point, Shape, Size } from './size.js'
import { Solver } from './solve.js'

type Recording = Graph<number>

/** Why recordings of one function are not one graph. */
export class Mismatch {
  constructor(readonly reason: string) {}
}

/**
 * One graph with symbolic sizes from recordings of one function at several points. The recordings have to be equal but for
 * the numbers that depend on shapes, for which formulas are found.
 *
 * @param points values of the symbols at each recording
 */
export function unify(recordings: readonly Recording[], points: readonly Point[]): Graph | Mismatch {
  try {
    return new Unifier(recordings, new Solver(points)).graph()
  } catch (mismatch) {
    if (mismatch instanceof Mismatch) return mismatch
    throw mismatch
  }
}

class Unifier {
  /** For each recording, its values → the values of the unified graph. */
  readonly #unified: Map<Value<number>, Value>[]
  readonly #weights = new Map<string, Value>()

  constructor(
    readonly recordings: readonly Recording[],
    readonly solver: Solver,
  ) {
    this.#unified = recordings.map(() => new Map())
  }

  graph(): Graph {
    const [first] = this.recordings
    this.#require(
      this.recordings.every((one) => one.nodes.length === first.nodes.length && one.outputs.length === first.outputs.length),
      'the number of nodes depends on shapes',
    )
    const inputs = first.inputs.map((input, i) => this.#input(this.recordings.map((one) => one.inputs[i])) ?? input)
    const nodes = first.nodes.map((_, i) => this.#node(this.recordings.map((one) => one.nodes[i])))
    const outputs = first.outputs.map(({ name }, i) => ({ name, value: this.#value(this.recordings.map((one) => one.outputs[i].value)) }))
    return { inputs, nodes, outputs }
  }

  #require(condition: boolean, reason: string): asserts condition {
    if (!condition) throw new Mismatch(reason)
  }

  #input(inputs: readonly InputValue<number>[]): InputValue {
    const unified: InputValue = { ...inputs[0], shape: this.#shape(inputs) }
    inputs.forEach((input, i) => {
      this.#unified[i].set(input, unified)
    })
    return unified
  }

  #node(nodes: readonly Node<number>[]): Node {
    const [{ op, attributes, inputs, outputs }] = nodes
    const described = JSON.stringify([op, attributes, inputs.length, outputs.length])
    const equal = nodes.every((node) => JSON.stringify([node.op, node.attributes, node.inputs.length, node.outputs.length]) === described)
    this.#require(equal, `'${op}' is another node at another shape`)
    const unified = makeNode(
      op,
      inputs.map((_, i) => this.#value(nodes.map((node) => node.inputs[i]))),
      attributes,
      outputs.map(({ dtype }, i) => ({ dtype, shape: this.#shape(nodes.map((node) => node.outputs[i])) })),
    )
    nodes.forEach((node, recording) => {
      node.outputs.forEach((output, i) => {
        this.#unified[recording].set(output, unified.outputs[i])
      })
    })
    return unified
  }

  #value(values: readonly Value<number>[]): Value {
    const known = this.#unified[0].get(values[0])
    if (known) {
      this.#require(
        values.every((value, i) => this.#unified[i].get(value) === known),
        'the wiring depends on shapes',
      )
      return known
    }
    const [{ kind, dtype }] = values
    this.#require(
      values.every((value) => value.kind === kind && value.dtype === dtype),
      'the wiring depends on shapes',
    )
    const unified = kind === 'weight' ? this.#weight(values) : this.#constant(values)
    values.forEach((value, i) => {
      this.#unified[i].set(value, unified)
    })
    return unified
  }

  #weight(values: readonly Value<number>[]): Value {
    const names = values.map((value) => (value.kind === 'weight' ? value.name : ''))
    this.#require(
      names.every((name) => name === names[0]),
      'the wiring depends on shapes',
    )
    const weight = this.#weights.get(names[0]) ?? { ...values[0], shape: [...values[0].shape] }
    this.#weights.set(names[0], weight as Value)
    return weight as Value
  }

  #constant(values: readonly Value<number>[]): Value {
    const constants = values.flatMap((value) => (value.kind === 'constant' ? [value] : []))
    this.#require(constants.length === values.length, 'the wiring depends on shapes')
    const { dtype } = constants[0]
    const shape = this.#shape(constants)
    return { kind: 'constant', dtype, shape, content: this.#content(constants) }
  }

  #content(constants: readonly { content: Content<number>; shape: readonly number[]; dtype: string }[]): Content {
    const contents = constants.map(({ content }) => content)
    const fills = contents.flatMap((content) => (content.form === 'fill' ? [content.value] : []))
    if (fills.length === contents.length) return { form: 'fill', value: this.#scalar(fills) }
    const numbers = constants.map(numbersOf)
    if (numbers.every((one) => sameNumbers(one, numbers[0]))) return contents[0]
    const lengths = numbers.map((one) => one.length)
    if (contents.every(({ form }) => form === 'list')) {
      this.#require(
        lengths.every((length) => length === lengths[0]),
        'the rank of a tensor depends on shapes',
      )
      return { form: 'list', values: Array.from(numbers[0], (_, i) => this.#integer(numbers.map((one) => one[i]))) }
    }
    return this.#pattern(
      numbers,
      constants.map(({ shape }) => shape),
    )
  }

  /** Positions and diagonals, the two kinds of data whose size depends on shapes. */
  #pattern(numbers: readonly ArrayLike<number>[], shapes: readonly (readonly number[])[]): Content {
    if (shapes.every(([rows, columns, ...rest]) => rows === columns && rest.length === 0)) {
      const diagonal = numbers.every((one, i) => sameNumbers(one, numbersOf({ content: { form: 'identity' }, shape: shapes[i] })))
      if (diagonal) return { form: 'identity' }
    }
    const steps = numbers.map((one) => one[1] - one[0])
    const ranges = numbers.every(
      (one, i) =>
        shapes[i].length === 1 &&
        sameNumbers(one, numbersOf({ content: { form: 'range', start: one[0], step: one.length > 1 ? steps[i] : 0 }, shape: shapes[i] })),
    )
    this.#require(ranges && steps.every(Number.isInteger), 'a constant tensor depends on shapes, or is random')
    return { form: 'range', start: this.#integer(numbers.map((one) => one[0])), step: this.#integer(steps) }
  }

  #shape(values: readonly { readonly shape: readonly number[] }[]): Shape {
    const [{ shape }] = values
    this.#require(
      values.every((value) => value.shape.length === shape.length),
      'the rank of a tensor depends on shapes',
    )
    return shape.map((_, axis) => this.#integer(values.map((value) => value.shape[axis])))
  }

  #integer(values: readonly number[]): Size {
    const size = this.solver.integer(values)
    this.#require(size !== undefined, `no formula gives the sizes ${values.join(', ')}`)
    return size
  }

  #scalar(values: readonly number[]): Size {
    const size = this.solver.scalar(values)
    this.#require(size !== undefined, `no formula gives the numbers ${values.join(', ')}`)
    return size
  }
}
