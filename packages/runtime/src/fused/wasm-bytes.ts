/** Numbers of the WebAssembly binary format that our modules use. */
export const opcodes = {
  end: [0x0b],
  localGet: [0x20],
  localSet: [0x21],
  i32Const: [0x41],
  i32Load: [0x28, 0x02, 0x00],
  i32LessUnsigned: [0x49],
  i32Add: [0x6a],
  i32Multiply: [0x6c],
  i32ShiftLeft: [0x74],
  i32ShiftRight: [0x76],
  floatAdd: [0x92],
  loop: [0x03, 0x40],
  branchIf: [0x0d],
  if: [0x04, 0x40],
  select: [0x1b],
  v128Load: [0xfd, 0x00],
  v128Store: [0xfd, 0x0b],
  v128Const: [0xfd, 0x0c],
  splat: [0xfd, 0x13],
  abs: [0xfd, 0xe0, 0x01],
  sqrt: [0xfd, 0xe3, 0x01],
  add: [0xfd, 0xe4, 0x01],
  sub: [0xfd, 0xe5, 0x01],
  mul: [0xfd, 0xe6, 0x01],
  div: [0xfd, 0xe7, 0x01],
  max: [0xfd, 0xe9, 0x01],
} as const

/** One of four floats. */
export const extractLane = (lane: number): number[] => [0xfd, 0x1f, lane]

export const valueTypes = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const

function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

/** A signed number ≥ 0: one more bit than `unsigned`, for the sign. */
export function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    if (rest === 0 && (low & 0x40) === 0) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

const float32 = (value: number): number[] => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return [...bytes]
}

/** Four equal floats. */
export const constantLanes = (value: number): number[] => [...opcodes.v128Const, ...Array.from({ length: 4 }, () => float32(value)).flat()]

export const localGet = (index: number): number[] => [...opcodes.localGet, ...unsigned(index)]
export const localSet = (index: number): number[] => [...opcodes.localSet, ...unsigned(index)]

/** Sixteen bytes aligned, so many bytes after the address on the stack. */
export const aligned = (offset: number): number[] => [4, ...unsigned(offset)]

const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content]
const text = (name: string): number[] => [...unsigned(name.length), ...Array.from(name, (letter) => letter.charCodeAt(0))]

export interface SingleFunction {
  readonly parameters: readonly number[]
  /** Default: nothing. */
  readonly results?: readonly number[]
  /** Locals after the parameters, as [count, type]. */
  readonly locals: readonly (readonly [number, number])[]
  /** Without the final `end`. */
  readonly body: readonly number[]
}

/** A module of one function `run` that works on an imported memory, `host.memory`. */
export function wasmModule({ parameters, results = [], locals, body }: SingleFunction): Uint8Array<ArrayBuffer> {
  const code = [...unsigned(locals.length), ...locals.flatMap(([count, type]) => [...unsigned(count), type]), ...body, ...opcodes.end]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, ...unsigned(parameters.length), ...parameters, results.length, ...results]),
    ...section(2, [1, ...text('host'), ...text('memory'), 0x02, 0x00, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('run'), 0x00, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ])
}
