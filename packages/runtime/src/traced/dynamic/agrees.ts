import type { Graph, InputValue, Node, Value } from '../graph.js'
import { contentAt, numbersOf, sameNumbers } from './content.js'
import { evaluate, type Point, type Shape } from './size.js'

/** Whether a recording at a point is what the graph says it is there. */
export function agrees(graph: Graph, recording: Graph<number>, point: Point): boolean {
  const pairs = new Map<Value<number>, Value>()
  const sameSizes = (general: Shape, special: readonly number[]) =>
    general.length === special.length && general.every((size, axis) => evaluate(size, point) === special[axis])
  const matches = (general: Value, special: Value<number>): boolean => {
    const known = pairs.get(special)
    if (known) return known === general
    if (general.kind !== special.kind || general.dtype !== special.dtype || !sameSizes(general.shape, special.shape)) return false
    if (general.kind === 'constant' && special.kind === 'constant') {
      const value = contentAt(general.content, point)
      if (value.form === 'fill' && special.content.form === 'fill') return closeTo(value.value, special.content.value)
      return sameNumbers(numbersOf({ content: value, shape: special.shape }), numbersOf(special))
    }
    if (general.kind === 'result') return false
    pairs.set(special, general)
    return (general as InputValue).name === (special as InputValue<number>).name
  }
  const sameNode = (general: Node, special: Node<number>) => {
    const equal =
      general.op === special.op &&
      JSON.stringify(general.attributes) === JSON.stringify(special.attributes) &&
      general.inputs.length === special.inputs.length &&
      general.outputs.length === special.outputs.length &&
      general.inputs.every((input, i) => matches(input, special.inputs[i])) &&
      general.outputs.every((output, i) => sameSizes(output.shape, special.outputs[i].shape))
    special.outputs.forEach((output, i) => {
      pairs.set(output, general.outputs[i])
    })
    return equal
  }
  return (
    graph.nodes.length === recording.nodes.length &&
    graph.nodes.every((node, i) => sameNode(node, recording.nodes[i])) &&
    graph.outputs.every(({ value }, i) => matches(value, recording.outputs[i].value))
  )
}

const closeTo = (a: number, b: number) => Object.is(a, b) || Math.abs(a - b) <= 2e-7 * Math.abs(b)
