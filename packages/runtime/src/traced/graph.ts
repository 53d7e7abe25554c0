import type { Shape, Size } from './dynamic/size.js'

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool' | 'int8' | 'uint8'

/** What a constant holds. `list` is short and may hold sizes; the other forms say how a tensor of any size is filled. */
export type Content<S extends Size = Size> =
  | { readonly form: 'list'; readonly values: readonly S[] }
  | { readonly form: 'array'; readonly values: Float32Array | Int32Array | Uint8Array | Int8Array }
  | { readonly form: 'fill'; readonly value: S }
  /** `[n]`: start, start + step, … */
  | { readonly form: 'range'; readonly start: S; readonly step: S }
  /** `[n, n]`: ones on the diagonal. */
  | { readonly form: 'identity' }

interface Typed<S extends Size> {
  readonly dtype: ElementType
  readonly shape: Shape<S>
}

/** Given at each run. */
export interface InputValue<S extends Size = Size> extends Typed<S> {
  readonly kind: 'input'
  readonly name: string
}

/** A named tensor that never changes; its numbers are kept outside the graph. */
export interface WeightValue<S extends Size = Size> extends Typed<S> {
  readonly kind: 'weight'
  readonly name: string
}

export interface ConstantValue<S extends Size = Size> extends Typed<S> {
  readonly kind: 'constant'
  readonly content: Content<S>
}

/** An output of a node. */
export interface ResultValue<S extends Size = Size> extends Typed<S> {
  readonly kind: 'result'
  readonly node: Node<S>
  readonly index: number
}

/** An edge of the graph. Values are compared by identity. */
export type Value<S extends Size = Size> = InputValue<S> | WeightValue<S> | ConstantValue<S> | ResultValue<S>

/** A whole number, a list of them, a text, or a floating-point number, which has to be marked. */
export type Attribute = number | readonly number[] | string | { readonly float: number }

export type Attributes = Readonly<Record<string, Attribute>>

/** One ONNX operator. */
export interface Node<S extends Size = Size> {
  readonly op: string
  readonly inputs: readonly Value<S>[]
  readonly attributes: Attributes
  /** Filled when the node is made. */
  readonly outputs: readonly ResultValue<S>[]
}

/** A recorded function. Nodes stand in an order in which they can be run. */
export interface Graph<S extends Size = Size> {
  readonly inputs: readonly InputValue<S>[]
  readonly nodes: readonly Node<S>[]
  readonly outputs: readonly { readonly name: string; readonly value: Value<S> }[]
}

/** A node and its outputs, which refer to each other. */
export function makeNode<S extends Size>(
  op: string,
  inputs: readonly Value<S>[],
  attributes: Attributes,
  outputs: readonly { readonly dtype: ElementType; readonly shape: Shape<S> }[],
): Node<S> {
  const results: ResultValue<S>[] = []
  const node: Node<S> = { op, inputs, attributes, outputs: results }
  outputs.forEach(({ dtype, shape }, index) => {
    results.push({ kind: 'result', node, index, dtype, shape })
  })
  return node
}

/** The number all elements of a constant have, if that is known. */
export const fillOf = <S extends Size>(value: Value<S>): S | undefined =>
  value.kind === 'constant' && value.content.form === 'fill' ? value.content.value : undefined
