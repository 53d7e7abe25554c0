import type { FunctionBody, Local, ModuleBuilder, Value } from './assembler.js'
import { f32, f32x4, i32, sumLanes, v128 } from './instructions.js'
import { repeat, type Step, walk } from './loops.js'

/**
 * Kernels that work row by row; `width` is a row's length in bytes.
 *
 * - `layerNorm` `(x, gamma, beta, y, mean, invStdDev, rows, width, epsilon)`
 * - `layerNormGrad` `(dy, x, gamma, mean, invStdDev, dx, dgamma, dbeta, rows, width)`: adds to dgamma and dbeta
 * - `softmaxGrad` `(dy, y, dx, rows, width)`
 * - `columnSums` `(x, sums, rows, width)`: adds to sums
 */
export function addRowKernels(module: ModuleBuilder): void {
  addLayerNorm(module)
  addLayerNormGrad(module)
  addSoftmaxGrad(module)
  addColumnSums(module)
}

/** Copies of pointers, to be walked while the originals stay at the start of the row. */
function copies(f: FunctionBody, pointers: readonly Local[]): Local[] {
  return pointers.map((pointer) => f.local(pointer))
}

/** Σ over a row, as a number in every lane. */
function rowSum(f: FunctionBody, rows: readonly Local[], width: Value, each: (step: Step, at: readonly Local[]) => Value): Local {
  const sum = f.local(v128.const(0))
  const at = copies(f, rows)
  walk(f, at, width, (step) => f.set(sum, f32x4.add(sum, step.sum(each(step, at)))))
  return f.local(f32x4.splat(sumLanes(sum)))
}

function advance(f: FunctionBody, pointers: readonly Local[], by: Value): void {
  for (const pointer of pointers) f.set(pointer, i32.add(pointer, by))
}

function addLayerNorm(module: ModuleBuilder): void {
  const types = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'f32'] as const
  module.add('layerNorm', types, (f, [x, gamma, beta, y, mean, invStdDev, rows, width, epsilon]) => {
    const count = f.local(f32x4.splat(f32.div(f32.convertI32(width), f32.const(4))))
    repeat(f, rows, () => {
      const middle = f.local(
        f32x4.div(
          rowSum(f, [x], width, (step, [x]) => step.load(x)),
          count,
        ),
      )
      const squares = rowSum(f, [x], width, (step, [x]) => {
        const centred = f.local(f32x4.sub(step.load(x), middle))
        return f32x4.mul(centred, centred)
      })
      const variance = f32x4.lane(f32x4.div(squares, count), 0)
      const inverse = f.local(f32.div(f32.const(1), f32.sqrt(f32.add(variance, epsilon))))
      f.store(mean, f32x4.lane(middle, 0))
      f.store(invStdDev, inverse)
      const scale = f.local(f32x4.splat(inverse))
      const [atX, atGamma, atBeta, atY] = copies(f, [x, gamma, beta, y])
      walk(f, [atX, atGamma, atBeta, atY], width, (step) => {
        const normal = f32x4.mul(f32x4.sub(step.load(atX), middle), scale)
        step.store(atY, f32x4.add(f32x4.mul(normal, step.load(atGamma)), step.load(atBeta)))
      })
      advance(f, [x, y], width)
      advance(f, [mean, invStdDev], i32.const(4))
    })
  })
}

function addLayerNormGrad(module: ModuleBuilder): void {
  const types = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const
  module.add('layerNormGrad', types, (f, [dy, x, gamma, mean, invStdDev, dx, dgamma, dbeta, rows, width]) => {
    const count = f.local(f32x4.splat(f32.div(f32.convertI32(width), f32.const(4))))
    const sum = f.local('v128')
    const along = f.local('v128')
    repeat(f, rows, () => {
      const middle = f.local(v128.loadSplat(mean))
      const scale = f.local(v128.loadSplat(invStdDev))
      f.set(sum, v128.const(0))
      f.set(along, v128.const(0))
      const [atDy, atX, atGamma, atDgamma, atDbeta] = copies(f, [dy, x, gamma, dgamma, dbeta])
      walk(f, [atDy, atX, atGamma, atDgamma, atDbeta], width, (step) => {
        const gradient = f.local(step.load(atDy))
        const normal = f.local(f32x4.mul(f32x4.sub(step.load(atX), middle), scale))
        const scaled = f.local(f32x4.mul(gradient, step.load(atGamma)))
        f.set(sum, f32x4.add(sum, step.sum(scaled)))
        f.set(along, f32x4.add(along, step.sum(f32x4.mul(scaled, normal))))
        step.store(atDgamma, f32x4.add(step.load(atDgamma), f32x4.mul(gradient, normal)))
        step.store(atDbeta, f32x4.add(step.load(atDbeta), gradient))
      })
      const meanGradient = f.local(f32x4.div(f32x4.splat(sumLanes(sum)), count))
      const meanAlong = f.local(f32x4.div(f32x4.splat(sumLanes(along)), count))
      const [toDy, toX, toGamma, toDx] = copies(f, [dy, x, gamma, dx])
      walk(f, [toDy, toX, toGamma, toDx], width, (step) => {
        const normal = f32x4.mul(f32x4.sub(step.load(toX), middle), scale)
        const scaled = f32x4.mul(step.load(toDy), step.load(toGamma))
        step.store(toDx, f32x4.mul(scale, f32x4.sub(f32x4.sub(scaled, meanGradient), f32x4.mul(normal, meanAlong))))
      })
      advance(f, [dy, x, dx], width)
      advance(f, [mean, invStdDev], i32.const(4))
    })
  })
}

function addSoftmaxGrad(module: ModuleBuilder): void {
  module.add('softmaxGrad', ['i32', 'i32', 'i32', 'i32', 'i32'], (f, [dy, y, dx, rows, width]) => {
    repeat(f, rows, () => {
      const along = rowSum(f, [dy, y], width, (step, [dy, y]) => f32x4.mul(step.load(dy), step.load(y)))
      const [atDy, atY, atDx] = copies(f, [dy, y, dx])
      walk(f, [atDy, atY, atDx], width, (step) => step.store(atDx, f32x4.mul(step.load(atY), f32x4.sub(step.load(atDy), along))))
      advance(f, [dy, y, dx], width)
    })
  })
}

function addColumnSums(module: ModuleBuilder): void {
  module.add('columnSums', ['i32', 'i32', 'i32', 'i32'], (f, [x, sums, rows, width]) => {
    repeat(f, rows, () => {
      const to = f.local(sums)
      walk(f, [x, to], width, (step) => step.store(to, f32x4.add(step.load(to), step.load(x))))
    })
  })
}
