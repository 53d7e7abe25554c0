import { type Local, signed, unsigned, type Value, type ValueType } from './assembler.js'

/** Instructions as functions from values to values, named as in the WebAssembly text format. */

const binary =
  (type: ValueType, ...op: number[]) =>
  (a: Value, b: Value): Value => ({ type, code: [...a.code, ...b.code, ...op] })
const unary =
  (type: ValueType, ...op: number[]) =>
  (a: Value): Value => ({ type, code: [...a.code, ...op] })
const simd = (op: number) => [0xfd, ...unsigned(op)]

function floatBytes(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)]
}

const constI32 = (value: number): Value => ({ type: 'i32', code: [0x41, ...signed(value)] })
const addI32 = binary('i32', 0x6a)

export const i32 = {
  const: constI32,
  add: addI32,
  sub: binary('i32', 0x6b),
  mul: binary('i32', 0x6c),
  and: binary('i32', 0x71),
  shl: (a: Value, bits: number) => binary('i32', 0x74)(a, constI32(bits)),
  eq: binary('i32', 0x46),
  ne: binary('i32', 0x47),
  /** Unsigned, for addresses and sizes. */
  lt: binary('i32', 0x49),
  le: binary('i32', 0x4d),
  load: (address: Value, offset = 0): Value => ({ type: 'i32', code: [...address.code, 0x28, 2, ...unsigned(offset)] }),
  /** `base + index · 2^bits` */
  at: (base: Value, index: Value, bits = 2): Value => addI32(base, binary('i32', 0x74)(index, constI32(bits))),
}

export const f32 = {
  const: (value: number): Value => ({ type: 'f32', code: [0x43, ...floatBytes(value)] }),
  load: (address: Value, offset = 0): Value => ({ type: 'f32', code: [...address.code, 0x2a, 2, ...unsigned(offset)] }),
  add: binary('f32', 0x92),
  sub: binary('f32', 0x93),
  mul: binary('f32', 0x94),
  div: binary('f32', 0x95),
  max: binary('f32', 0x97),
  sqrt: unary('f32', 0x91),
  convertI32: unary('f32', 0xb3),
}

const loadAt =
  (op: number, align: number) =>
  (address: Value, offset = 0): Value => ({ type: 'v128', code: [...address.code, ...simd(op), align, ...unsigned(offset)] })

export const v128 = {
  /** Alignment is a hint only; rows of any width are read. */
  load: loadAt(0x00, 0),
  loadSplat: loadAt(0x09, 0),
  /** The lowest lane, the others zero. */
  loadOne: loadAt(0x5c, 0),
  /** Every lane one number. */
  const: (value: number): Value => ({
    type: 'v128',
    code: [...simd(0x0c), ...floatBytes(value), ...floatBytes(value), ...floatBytes(value), ...floatBytes(value)],
  }),
  constI32: (value: number): Value => {
    const bytes = [...new Uint8Array(Int32Array.of(value).buffer)]
    return { type: 'v128', code: [...simd(0x0c), ...bytes, ...bytes, ...bytes, ...bytes] }
  },
  /** Keeps the lowest lane, makes the others zero. */
  first: (a: Value): Value => ({
    type: 'v128',
    code: [...a.code, ...simd(0x0c), 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...simd(0x4e)],
  }),
  /** Lanes by number: 0–3 of a, 4–7 of b. */
  shuffle: (a: Value, b: Value, lanes: readonly [number, number, number, number]): Value => ({
    type: 'v128',
    code: [...a.code, ...b.code, ...simd(0x0d), ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte))],
  }),
  and: binary('v128', ...simd(0x4e)),
  or: binary('v128', ...simd(0x50)),
  xor: binary('v128', ...simd(0x51)),
}

export const i32x4 = {
  shl: (a: Value, bits: number): Value => ({ type: 'v128', code: [...a.code, ...constI32(bits).code, ...simd(0xab)] }),
  add: binary('v128', ...simd(0xae)),
  truncate: unary('v128', ...simd(0xf8)),
}

export const f32x4 = {
  splat: unary('v128', ...simd(0x13)),
  /** One lane as a number. */
  lane: (a: Value, lane: number): Value => ({ type: 'f32', code: [...a.code, ...simd(0x1f), lane] }),
  abs: unary('v128', ...simd(0xe0)),
  neg: unary('v128', ...simd(0xe1)),
  add: binary('v128', ...simd(0xe4)),
  sub: binary('v128', ...simd(0xe5)),
  mul: binary('v128', ...simd(0xe6)),
  div: binary('v128', ...simd(0xe7)),
  /** `a·b + c`, rounded once or twice as the processor likes: one of the relaxed instructions, which are not everywhere. */
  relaxedMultiplyAdd: (a: Value, b: Value, c: Value): Value => ({
    type: 'v128',
    code: [...a.code, ...b.code, ...c.code, ...simd(0x105)],
  }),
  min: binary('v128', ...simd(0xe8)),
  max: binary('v128', ...simd(0xe9)),
  nearest: unary('v128', ...simd(0x6a)),
}

/** Sum of the four lanes. */
export function sumLanes(vector: Local): Value {
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => f32x4.lane(vector, lane))
  return f32.add(f32.add(a, b), f32.add(c, d))
}
