import type { Expression } from './expression.js'

/** New values of some arrays, each from the old values of all arrays at the same place and from scalars. */
export interface Elementwise<A extends string = string, S extends string = string> {
  /** Names of arrays of equal length. */
  readonly arrays: readonly A[]
  readonly scalars: readonly S[]
  /** Array name → its new value. */
  readonly updates: Readonly<Partial<Record<A, Expression>>>
}

/**
 * Writes down an elementwise update once, for all interpreters: `runOnTensors` and `compileFused`.
 *
 * @example
 * ```ts
 * import { add, elementwise, mul, sub } from '@ms/runtime'
 *
 * const momentum = elementwise(['p', 'g', 'buffer'], ['rate', 'momentum'], ({ p, g, buffer }, { rate, momentum }) => {
 *   const next = add(mul(momentum, buffer), g)
 *   return { buffer: next, p: sub(p, mul(rate, next)) }
 * })
 * ```
 */
export function elementwise<const A extends string, const S extends string>(
  arrays: readonly A[],
  scalars: readonly S[],
  define: (arrays: Readonly<Record<A, Expression>>, scalars: Readonly<Record<S, Expression>>) => Partial<Record<A, Expression>>,
): Elementwise<A, S> {
  const leaves = <N extends string>(kind: 'array' | 'scalar', names: readonly N[]) =>
    Object.fromEntries(names.map((name): [string, Expression] => [name, { kind, name }])) as Record<N, Expression>
  return { arrays, scalars, updates: define(leaves('array', arrays), leaves('scalar', scalars)) }
}

/** Every expression of the updates once, operands before what uses them. */
export function inOrder({ updates }: Elementwise): Expression[] {
  const seen = new Set<Expression>()
  const visit = (node: Expression): void => {
    if (seen.has(node)) return
    if (node.kind === 'unary') visit(node.x)
    if (node.kind === 'binary') {
      visit(node.a)
      visit(node.b)
    }
    seen.add(node)
  }
  for (const update of Object.values(updates)) if (update) visit(update)
  return [...seen]
}
