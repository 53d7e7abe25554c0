import type { FunctionBody, Local, ModuleBuilder, Value } from './assembler.js'
import { f32, f32x4, i32, sumLanes, v128 } from './instructions.js'
import { walk } from './loops.js'

/**
 * Sums of table rows, bag by bag; `width` is a row's length in bytes, `weights` 0 where there are none, `mean` 1 or 0.
 * Ids are not checked here.
 *
 * - `bagSums` `(table, ids, offsets, weights, y, bags, width, mean)`: adds to y
 * - `spreadBags` `(dy, ids, offsets, weights, dTable, bags, width, mean)`: adds to dTable
 * - `bagProducts` `(dy, table, ids, offsets, dWeights, bags, width, mean)`
 */
export function addBagKernels(module: ModuleBuilder): void {
  const types = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const
  module.add('bagSums', types, (f, [table, ids, offsets, weights, y, bags, width, mean]) => {
    eachId(f, { ids, offsets, bags, mean }, ({ id, position, bag, scale }) => {
      const factor = f.local(f32x4.splat(weighted(f, weights, position, scale)))
      addScaled(f, rowAt(f, y, bag, width), rowAt(f, table, id, width), factor, width)
    })
  })
  module.add('spreadBags', types, (f, [dy, ids, offsets, weights, dTable, bags, width, mean]) => {
    eachId(f, { ids, offsets, bags, mean }, ({ id, position, bag, scale }) => {
      const factor = f.local(f32x4.splat(weighted(f, weights, position, scale)))
      addScaled(f, rowAt(f, dTable, id, width), rowAt(f, dy, bag, width), factor, width)
    })
  })
  module.add('bagProducts', types, (f, [dy, table, ids, offsets, dWeights, bags, width, mean]) => {
    eachId(f, { ids, offsets, bags, mean }, ({ id, position, bag, scale }) => {
      const [atDy, atRow] = [rowAt(f, dy, bag, width), rowAt(f, table, id, width)]
      const sum = f.local(v128.const(0))
      walk(f, [atDy, atRow], width, (step) => f.set(sum, f32x4.add(sum, step.sum(f32x4.mul(step.load(atDy), step.load(atRow))))))
      f.store(i32.at(dWeights, position), f32.mul(sumLanes(sum), scale))
    })
  })
}

interface IdInBag {
  readonly id: Local
  /** Place in the array of ids. */
  readonly position: Local
  readonly bag: Local
  /** 1, or 1 / number of ids in the bag. */
  readonly scale: Local
}

function eachId(
  f: FunctionBody,
  { ids, offsets, bags, mean }: Readonly<Record<'ids' | 'offsets' | 'bags' | 'mean', Local>>,
  use: (at: IdInBag) => void,
): void {
  const bag = f.local(i32.const(0))
  const [position, end, id, scale] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('f32')]
  f.while(
    () => i32.lt(bag, bags),
    () => {
      f.set(position, i32.load(i32.at(offsets, bag)))
      f.set(end, i32.load(i32.at(offsets, bag), 4))
      f.set(scale, f32.const(1))
      f.if(mean, () => f.set(scale, f32.div(f32.const(1), f32.convertI32(i32.sub(end, position)))))
      f.while(
        () => i32.lt(position, end),
        () => {
          f.set(id, i32.load(i32.at(ids, position)))
          use({ id, position, bag, scale })
          f.set(position, i32.add(position, i32.const(1)))
        },
      )
      f.set(bag, i32.add(bag, i32.const(1)))
    },
  )
}

function weighted(f: FunctionBody, weights: Local, position: Local, scale: Local): Local {
  const factor = f.local(scale)
  f.if(weights, () => f.set(factor, f32.mul(scale, f32.load(i32.at(weights, position)))))
  return factor
}

function rowAt(f: FunctionBody, table: Value, row: Value, width: Value): Local {
  return f.local(i32.add(table, i32.mul(row, width)))
}

function addScaled(f: FunctionBody, to: Local, from: Local, factor: Local, width: Value): void {
  walk(f, [to, from], width, (step) => step.store(to, f32x4.add(step.load(to), f32x4.mul(step.load(from), factor))))
}
