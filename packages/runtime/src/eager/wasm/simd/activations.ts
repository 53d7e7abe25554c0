import type { FunctionBody, Local, ModuleBuilder, Value } from './assembler.js'
import { f32x4, v128 } from './instructions.js'
import { walk } from './loops.js'
import { hyperbolicTangent, normalDistribution } from './vector-math.js'

const constant = v128.const
const sqrt2OverPi = Math.sqrt(2 / Math.PI)
const cubic = 0.044715

/** `geluErf`, `geluTanh` `(x, y, bytes)`; `geluErfGrad`, `geluTanhGrad` `(dy, x, dx, bytes)` */
export function addActivations(module: ModuleBuilder): void {
  elementwise(module, 'geluErf', 1, (f, [x]) => f32x4.mul(x, normalDistribution(f, x).cumulative))
  elementwise(module, 'geluErfGrad', 2, (f, [dy, x]) => {
    const { cumulative, exponent } = normalDistribution(f, x)
    const density = f32x4.mul(exponent, constant(1 / Math.sqrt(2 * Math.PI)))
    return f32x4.mul(dy, f32x4.add(cumulative, f32x4.mul(x, density)))
  })
  elementwise(module, 'geluTanh', 1, (f, [x]) => {
    const t = hyperbolicTangent(f, inner(x))
    return f32x4.mul(f32x4.mul(x, constant(0.5)), f32x4.add(t, constant(1)))
  })
  elementwise(module, 'geluTanhGrad', 2, (f, [dy, x]) => {
    const t = f.local(hyperbolicTangent(f, inner(x)))
    const dInner = f32x4.add(f32x4.mul(f32x4.mul(x, x), constant(3 * cubic * sqrt2OverPi)), constant(sqrt2OverPi))
    const slope = f32x4.mul(f32x4.mul(x, f32x4.sub(constant(1), f32x4.mul(t, t))), dInner)
    return f32x4.mul(f32x4.mul(dy, constant(0.5)), f32x4.add(f32x4.add(t, constant(1)), slope))
  })
}

/** √(2/π)·(x + 0.044715·x³) */
function inner(x: Value): Value {
  return f32x4.mul(f32x4.mul(x, constant(sqrt2OverPi)), f32x4.add(f32x4.mul(f32x4.mul(x, x), constant(cubic)), constant(1)))
}

/** A function `(…inputs, output, bytes)` that computes each number of the output from those at the same place. */
function elementwise(module: ModuleBuilder, name: string, inputs: number, compute: (f: FunctionBody, values: Local[]) => Value): void {
  module.add(
    name,
    Array.from({ length: inputs + 2 }, () => 'i32' as const),
    (f, parameters) => {
      const pointers = parameters.slice(0, -1)
      const bytes = parameters[inputs + 1]
      const output = pointers[inputs]
      walk(f, pointers, bytes, (step) => {
        const values = pointers.slice(0, inputs).map((pointer) => f.local(step.load(pointer)))
        step.store(output, compute(f, values))
      })
    },
  )
}
