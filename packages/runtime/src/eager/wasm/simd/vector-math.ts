import type { FunctionBody, Value } from './assembler.js'
import { f32x4, i32x4, v128 } from './instructions.js'

const constant = v128.const

/**
 * e^x for x up to 88, to 2 units in the last place: 2^n · e^r with |r| ≤ ln 2 / 2, e^r as its Taylor series.
 * Below −87 it gives the smallest normal number's neighbourhood, not 0.
 */
export function exponential(f: FunctionBody, x: Value): Value {
  const bounded = f.local(f32x4.max(f32x4.min(x, constant(88)), constant(-87)))
  const n = f.local(f32x4.nearest(f32x4.mul(bounded, constant(Math.LOG2E))))
  // ln 2 in two parts, the first with few enough bits that n times it is exact.
  const high = 0.693359375
  const rest = f.local(f32x4.sub(f32x4.sub(bounded, f32x4.mul(n, constant(high))), f32x4.mul(n, constant(Math.LN2 - high))))
  const series = [720, 120, 24, 6, 2, 1, 1].map((factorial) => constant(1 / factorial))
  const fraction = series.reduce((sum, coefficient) => f32x4.add(f32x4.mul(sum, rest), coefficient))
  const power = i32x4.shl(i32x4.add(i32x4.truncate(n), v128.constI32(127)), 23)
  return f32x4.mul(fraction, power)
}

/** tanh u, absolute error 1e-7: 1 − 2 / (e^(2u) + 1) */
export function hyperbolicTangent(f: FunctionBody, u: Value): Value {
  const doubled = f32x4.min(f32x4.mul(u, constant(2)), constant(80))
  return f32x4.sub(constant(1), f32x4.div(constant(2), f32x4.add(exponential(f, doubled), constant(1))))
}

/**
 * The standard normal's distribution and density (without its factor 1/√(2π)) at x, by the error function's
 * approximation 7.1.26 of Abramowitz and Stegun (1964), absolute error 1.5e-7.
 */
export function normalDistribution(f: FunctionBody, x: Value): { cumulative: Value; exponent: Value } {
  const value = f.local(x)
  const exponent = f.local(exponential(f, f32x4.mul(f32x4.mul(value, value), constant(-0.5))))
  const magnitude = f32x4.mul(f32x4.abs(value), constant(Math.SQRT1_2))
  const t = f.local(f32x4.div(constant(1), f32x4.add(f32x4.mul(magnitude, constant(0.3275911)), constant(1))))
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].map(constant)
  const polynomial = f32x4.mul(
    coefficients.reduce((sum, coefficient) => f32x4.add(f32x4.mul(sum, t), coefficient)),
    t,
  )
  // Half of 1 − erf |z|: what lies beyond |x| on one side.
  const tail = f.local(f32x4.mul(f32x4.mul(polynomial, exponent), constant(0.5)))
  // The sign of x moves onto ½ − tail: Φ(x) = ½ ± (½ − tail).
  const sign = v128.and(value, v128.constI32(-0x80000000))
  const cumulative = f.local(f32x4.add(constant(0.5), v128.xor(f32x4.sub(constant(0.5), tail), sign)))
  return { cumulative, exponent }
}
