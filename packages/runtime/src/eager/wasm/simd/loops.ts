import type { FunctionBody, Local, Value } from './assembler.js'
import { f32x4, i32, v128 } from './instructions.js'

/**
 * Walks arrays in step, four numbers at a time and the last up to three one by one. `each` is written twice: for whole
 * vectors, and for vectors of which only the first lane counts.
 *
 * @param pointers advance by what has been walked; after the loop they point behind the end
 * @param bytes length to walk, a multiple of 4
 */
export function walk(f: FunctionBody, pointers: readonly Local[], bytes: Value, each: (step: Step) => void): void {
  const [lead] = pointers
  const end = f.local(i32.add(lead, bytes))
  const vectorsEnd = f.local(i32.add(lead, i32.and(bytes, i32.const(~15))))
  const advance = (by: number) => {
    for (const pointer of pointers) f.set(pointer, i32.add(pointer, i32.const(by)))
  }
  f.while(
    () => i32.lt(lead, vectorsEnd),
    () => {
      each({ load: (pointer) => v128.load(pointer), store: (pointer, value) => f.store(pointer, value), sum: (value) => value })
      advance(16)
    },
  )
  f.while(
    () => i32.lt(lead, end),
    () => {
      each({
        load: (pointer) => v128.loadOne(pointer),
        store: (pointer, value) => f.store(pointer, f32x4.lane(value, 0)),
        sum: (value) => v128.first(value),
      })
      advance(4)
    },
  )
}

export interface Step {
  load(pointer: Local): Value
  store(pointer: Local, value: Value): void
  /** What of a vector may be added to a sum. */
  sum(value: Value): Value
}

/** Runs `each` `count` times. */
export function repeat(f: FunctionBody, count: Value, each: () => void): void {
  const left = f.local(count)
  f.while(
    () => i32.ne(left, i32.const(0)),
    () => {
      each()
      f.set(left, i32.sub(left, i32.const(1)))
    },
  )
}
