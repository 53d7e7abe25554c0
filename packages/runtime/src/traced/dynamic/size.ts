/** `factor / divisor · Π symbolᵢ ^ powersᵢ`; powers are negative only in floating-point scalars. */
export interface Term {
  readonly factor: number
  readonly divisor: number
  readonly powers: readonly number[]
}

/** A sum of terms over the symbols of a graph (batch, length, …): what a number of one recording is in every recording. */
export interface Expression {
  readonly terms: readonly Term[]
}

/** A number that is the same for all shapes, or a formula. */
export type Size = number | Expression

export type Shape<S extends Size = Size> = readonly S[]

/** Values of the symbols, in their order. */
export type Point = readonly number[]

const evaluateTerm = ({ factor, divisor, powers }: Term, point: Point) =>
  powers.reduce((product, power, symbol) => product * point[symbol] ** power, factor) / divisor

/** The number a size stands for where the symbols have these values. */
export const evaluate = (size: Size, point: Point): number =>
  typeof size === 'number' ? size : size.terms.reduce((sum, term) => sum + evaluateTerm(term, point), 0)

const multiplyTerms = (a: Term, b: Term): Term => ({
  factor: a.factor * b.factor,
  divisor: a.divisor * b.divisor,
  powers: a.powers.map((power, symbol) => power + b.powers[symbol]),
})

/** The size of several axes in one. */
export const product = (sizes: readonly Size[]): Size =>
  sizes.reduce((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a * b
    if (typeof a === 'number') return { terms: (b as Expression).terms.map((term) => ({ ...term, factor: term.factor * a })) }
    if (typeof b === 'number') return { terms: a.terms.map((term) => ({ ...term, factor: term.factor * b })) }
    return { terms: a.terms.flatMap((one) => b.terms.map((other) => multiplyTerms(one, other))) }
  }, 1)

/** Equal keys: equal sizes. */
export const sizeKey = (size: Size): string =>
  typeof size === 'number'
    ? String(size)
    : size.terms.map(({ factor, divisor, powers }) => `${factor}/${divisor}*${powers.join('.')}`).join('+')

export const shapeKey = (shape: Shape): string => shape.map(sizeKey).join()

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => sizeKey(size) === sizeKey(b[axis]))

/** The shape as plain numbers, or undefined where a size is a formula. */
export const fixedShape = (shape: Shape): readonly number[] | undefined =>
  shape.every((size) => typeof size === 'number') ? (shape as readonly number[]) : undefined
