import { evaluate, type Point, type Size, type Term } from './size.js'

/** Denominators that occur in shapes: halves (two columns in one batch), thirds, … */
const largestDivisor = 16
const largestPower = 2
const largestDegree = 3

/** Exponents of all products of symbols up to degree 3, simple ones first. */
function products(symbols: number): readonly (readonly number[])[] {
  const none: readonly number[] = Array(symbols).fill(0)
  const byDegree = [[none]]
  for (let degree = 1; degree <= largestDegree; degree++) {
    const larger = new Map<string, readonly number[]>()
    for (const powers of byDegree[degree - 1]) {
      for (let symbol = 0; symbol < symbols; symbol++) {
        const raised = powers.with(symbol, powers[symbol] + 1)
        if (raised[symbol] <= largestPower) larger.set(raised.join(), raised)
      }
    }
    byDegree.push([...larger.values()])
  }
  return byDegree.slice(1).flat()
}

const product = (powers: readonly number[], point: Point) => powers.reduce((value, power, symbol) => value * point[symbol] ** power, 1)

const divisorOf = (numerator: number, denominator: number) => {
  let [a, b] = [Math.abs(numerator), Math.abs(denominator)]
  while (b > 0) [a, b] = [b, a % b]
  return a
}

const same = (values: readonly number[]) => values.every((value) => value === values[0])

/**
 * Finds formulas for numbers that were seen at several points (one value of each symbol a point):
 * c · product, c · product + d, or a · product + b · product, the first that holds at all points.
 */
export class Solver {
  readonly #products: readonly { readonly powers: readonly number[]; readonly values: readonly number[] }[]
  readonly #constant: readonly number[]
  readonly #memory = new Map<string, Size | undefined>()

  constructor(readonly points: readonly Point[]) {
    const symbols = points[0].length
    this.#constant = Array(symbols).fill(0)
    this.#products = products(symbols).map((powers) => ({ powers, values: points.map((point) => product(powers, point)) }))
  }

  /** A formula for whole numbers; undefined where none is found. */
  integer(values: readonly number[]): Size | undefined {
    return this.#remember(`i${values.join()}`, () => {
      if (same(values)) return values[0]
      return this.#proportional(values) ?? this.#affine(values) ?? this.#sum(values)
    })
  }

  /** A formula for floating-point numbers that depend on shapes: n, 1 / n, c / (n · m), … */
  scalar(values: readonly number[]): Size | undefined {
    return this.#remember(`f${values.join()}`, () => {
      if (same(values)) return values[0]
      if (values.every(Number.isInteger)) return this.integer(values)
      for (const { powers, values: products } of this.#products) {
        for (const sign of [-1, 1]) {
          const factors = values.map((value, i) => (sign > 0 ? value / products[i] : value * products[i]))
          const whole = Math.round(factors[0])
          const factor = Math.abs(whole - factors[0]) < 1e-5 * Math.abs(factors[0]) && whole !== 0 ? whole : factors[0]
          if (factors.every((other) => Math.abs(other - factor) <= 2e-7 * Math.abs(factor))) {
            return { terms: [{ factor, divisor: 1, powers: powers.map((power) => sign * power) }] }
          }
        }
      }
      return undefined
    })
  }

  #remember(key: string, solve: () => Size | undefined): Size | undefined {
    if (!this.#memory.has(key)) this.#memory.set(key, solve())
    return this.#memory.get(key)
  }

  #term(numerator: number, denominator: number, powers: readonly number[]): Term | undefined {
    const common = divisorOf(numerator, denominator) * Math.sign(denominator)
    const term = { factor: numerator / common, divisor: denominator / common, powers }
    return Number.isInteger(term.factor) && term.divisor <= largestDivisor && term.factor !== 0 ? term : undefined
  }

  #holds(terms: readonly (Term | undefined)[], values: readonly number[]): Size | undefined {
    if (terms.includes(undefined)) return undefined
    const size = { terms: terms as readonly Term[] }
    return this.points.every((point, i) => evaluate(size, point) === values[i]) ? size : undefined
  }

  #proportional(values: readonly number[]): Size | undefined {
    for (const { powers, values: products } of this.#products) {
      const found = this.#holds([this.#term(values[0], products[0], powers)], values)
      if (found) return found
    }
    return undefined
  }

  #affine(values: readonly number[]): Size | undefined {
    for (const { powers, values: products } of this.#products) {
      const slope = this.#term(values[1] - values[0], products[1] - products[0], powers)
      if (!slope) continue
      const offset = values[0] - (slope.factor * products[0]) / slope.divisor
      if (!Number.isInteger(offset) || offset === 0) continue
      const found = this.#holds([slope, { factor: offset, divisor: 1, powers: this.#constant }], values)
      if (found) return found
    }
    return undefined
  }

  #sum(values: readonly number[]): Size | undefined {
    // Two unknowns need more than two points to be more than a coincidence.
    if (this.points.length < 3) return undefined
    const short = this.#products.filter(({ powers }) => powers.reduce((a, b) => a + b, 0) <= 2)
    for (const [i, a] of short.entries()) {
      for (const b of short.slice(i + 1)) {
        const determinant = a.values[0] * b.values[1] - a.values[1] * b.values[0]
        if (determinant === 0) continue
        const first = this.#term(values[0] * b.values[1] - values[1] * b.values[0], determinant, a.powers)
        const second = this.#term(a.values[0] * values[1] - a.values[1] * values[0], determinant, b.powers)
        const found = this.#holds([first, second], values)
        if (found) return found
      }
    }
    return undefined
  }
}
