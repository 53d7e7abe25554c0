import { describe, expect, it } from 'vitest'
import { evaluate } from './size.js'
import { Solver } from './solve.js'

const points = [
  [6, 14],
  [10, 22],
  [32, 128],
]
const elsewhere = [3, 7]

describe('Solver', () => {
  const solver = new Solver(points)
  const formulas: Readonly<Record<string, (batch: number, length: number) => number>> = {
    'a constant': () => 384,
    'a symbol': (batch) => batch,
    'a product': (batch, length) => 12 * batch * length,
    'a square': (batch) => batch * batch,
    'a cube of sorts': (batch, length) => batch * length * length,
    'one more': (_, length) => length + 1,
    'one less': (batch) => batch - 1,
    'two parts': (batch, length) => batch + batch * length,
    'a sum': (batch, length) => 3 * batch + length,
    'a negative': (_, length) => -length,
  }
  for (const [title, formula] of Object.entries(formulas)) {
    it(`finds ${title}`, () => {
      const size = solver.integer(points.map(([batch, length]) => formula(batch, length)))
      expect(size).toBeDefined()
      expect(evaluate(size!, elsewhere)).toBe(formula(elsewhere[0], elsewhere[1]))
    })
  }

  it('finds halves', () => {
    const half = solver.integer([3, 5, 16])
    expect(evaluate(half!, [8, 1])).toBe(4)
  })

  it('finds factors that are floating-point numbers', () => {
    for (const formula of [(n: number) => 1 / n, (n: number) => 0.5 / n, (n: number) => 0.1 * n, (n: number) => 3 / (n * n)]) {
      const size = solver.scalar(points.map(([batch]) => Math.fround(formula(batch))))
      expect(evaluate(size!, elsewhere)).toBeCloseTo(formula(elsewhere[0]), 6)
    }
  })

  it('finds nothing where there is nothing', () => {
    expect(solver.integer([2, 3, 5])).toBeUndefined()
    expect(solver.scalar(points.map(([batch]) => Math.log(batch)))).toBeUndefined()
  })
})
