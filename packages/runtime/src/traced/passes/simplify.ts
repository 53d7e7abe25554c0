import { sameShape } from '../dynamic/size.js'
import { fillOf, type Value } from '../graph.js'
import type { Rule } from './rewrite.js'

const producer = (value: Value, op: string) => (value.kind === 'result' && value.node.op === op ? value.node : undefined)

/** Reshape and Expand to the shape that a tensor has already. */
const noChange: Rule = ({ op, outputs: [output] }, [x]) =>
  (op === 'Reshape' || op === 'Expand') && sameShape(x.shape, output.shape) ? x : undefined

/** Two reshapes are one. */
const reshapeTwice: Rule = ({ op, attributes, outputs: [output] }, [x, shape], builder) => {
  const before = op === 'Reshape' ? producer(x, 'Reshape') : undefined
  if (!before) return undefined
  const [source] = before.inputs
  return sameShape(source.shape, output.shape) ? source : builder.value(op, [source, shape], attributes, output)
}

/** Two transpositions are one, or none. */
const transposeTwice: Rule = ({ op, attributes, outputs: [output] }, [x], builder) => {
  if (op !== 'Transpose') return undefined
  const perm = attributes['perm'] as readonly number[]
  if (perm.every((from, to) => from === to)) return x
  const before = producer(x, 'Transpose')
  if (!before) return undefined
  const composed = perm.map((axis) => (before.attributes['perm'] as readonly number[])[axis])
  if (composed.every((from, to) => from === to)) return before.inputs[0]
  return builder.value(op, [before.inputs[0]], { perm: composed }, output)
}

const broadcasting = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Max',
  'Min',
  'Pow',
  'Where',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
])

/** An operand need not be expanded for an operator that broadcasts, as long as another operand has the full shape. */
const needlessExpand: Rule = ({ op, attributes, outputs: [output] }, inputs, builder) => {
  if (!broadcasting.has(op)) return undefined
  const full = inputs.find((input) => !producer(input, 'Expand') && sameShape(input.shape, output.shape))
  if (!full || !inputs.some((input) => producer(input, 'Expand'))) return undefined
  return builder.value(
    op,
    inputs.map((input) => producer(input, 'Expand')?.inputs[0] ?? input),
    attributes,
    output,
  )
}

/** Where x is positive, its relu is: the gradient then needs that only, and x need not be kept. */
const positiveRelu: Rule = ({ op, attributes, outputs: [output] }, [x, bound], builder) => {
  if (op !== 'Greater' || fillOf(bound) !== 0) return undefined
  const relu = builder.find('Relu', [x], {})
  return relu && builder.value(op, [relu, bound], attributes, output)
}

/** Rules that make a graph smaller without changing a number. */
export const simplifications: readonly Rule[] = [noChange, reshapeTwice, transposeTwice, needlessExpand, positiveRelu]
