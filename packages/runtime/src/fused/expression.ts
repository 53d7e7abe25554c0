export type UnaryOperation = 'sqrt' | 'abs'
export type BinaryOperation = 'add' | 'sub' | 'mul' | 'div' | 'max'

/**
 * What is done to each element: a value, not code, so that the same one can be run by tensors, compiled to SIMD or
 * interpreted. An expression that is used twice is the same object twice, and is computed once.
 */
export type Expression =
  | { readonly kind: 'array'; readonly name: string }
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'unary'; readonly operation: UnaryOperation; readonly x: Expression }
  | { readonly kind: 'binary'; readonly operation: BinaryOperation; readonly a: Expression; readonly b: Expression }

/** An operand: numbers stand for constants. */
export type Term = Expression | number

const expression = (term: Term): Expression => (typeof term === 'number' ? { kind: 'constant', value: term } : term)
const binary = (operation: BinaryOperation, a: Term, b: Term): Expression => ({
  kind: 'binary',
  operation,
  a: expression(a),
  b: expression(b),
})

export const add = (a: Term, b: Term) => binary('add', a, b)
export const sub = (a: Term, b: Term) => binary('sub', a, b)
export const mul = (a: Term, b: Term) => binary('mul', a, b)
export const div = (a: Term, b: Term) => binary('div', a, b)
/** NaN where either is NaN. */
export const max = (a: Term, b: Term) => binary('max', a, b)
export const sqrt = (x: Term): Expression => ({ kind: 'unary', operation: 'sqrt', x: expression(x) })
export const abs = (x: Term): Expression => ({ kind: 'unary', operation: 'abs', x: expression(x) })
