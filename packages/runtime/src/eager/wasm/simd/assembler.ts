/**
 * A small assembler for WebAssembly with 128-bit SIMD: enough to write numeric kernels as expressions. A module made by
 * it imports one memory, `env.memory`, and exports its functions by name.
 */

export type ValueType = 'i32' | 'f32' | 'v128'

/** An expression: what leaves one value on the stack. Used twice, it is computed twice; `FunctionBody.local` computes once. */
export interface Value {
  readonly type: ValueType
  readonly code: readonly number[]
}

/** A parameter or local variable; as a value, what it holds now. */
export interface Local extends Value {
  readonly index: number
}

const typeCode: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b }

export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

export function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value | 0
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
    bytes.push(last ? low : low | 0x80)
    if (last) return bytes
  }
}

export class FunctionBody {
  readonly code: number[] = []
  readonly #parameters: number
  readonly #functionIndex: (name: string) => number
  readonly #locals: ValueType[] = []

  constructor(parameters: number, functionIndex: (name: string) => number) {
    this.#parameters = parameters
    this.#functionIndex = functionIndex
  }

  /** A new variable; without `initial` it is zero at the function's start (only). */
  local(initial: Value | ValueType): Local {
    const type = typeof initial === 'string' ? initial : initial.type
    const index = this.#parameters + this.#locals.length
    this.#locals.push(type)
    const local = { type, index, code: [0x20, ...unsigned(index)] }
    if (typeof initial !== 'string') this.set(local, initial)
    return local
  }

  set(local: Local, value: Value): void {
    this.code.push(...value.code, 0x21, ...unsigned(local.index))
  }

  /** Calls a function that was added to the module before. */
  call(name: string, ...parameters: Value[]): void {
    this.code.push(...parameters.flatMap(({ code }) => code), 0x10, ...unsigned(this.#functionIndex(name)))
  }

  /** Writes a value of any type to memory. */
  store(address: Value, value: Value, offset = 0): void {
    const op = { i32: [0x36, 2], f32: [0x38, 2], v128: [0xfd, 0x0b, 0] }[value.type]
    this.code.push(...address.code, ...value.code, ...op, ...unsigned(offset))
  }

  /** `while (condition) body` */
  while(condition: () => Value, body: () => void): void {
    this.code.push(0x02, 0x40, 0x03, 0x40)
    this.code.push(...condition().code, 0x45, 0x0d, 1)
    body()
    this.code.push(0x0c, 0, 0x0b, 0x0b)
  }

  if(condition: Value, then: () => void, otherwise?: () => void): void {
    this.code.push(...condition.code, 0x04, 0x40)
    then()
    if (otherwise) {
      this.code.push(0x05)
      otherwise()
    }
    this.code.push(0x0b)
  }

  /** Size, locals and instructions, as the module's code section wants them. */
  encode(): number[] {
    const locals = this.#locals.flatMap((type) => [1, typeCode[type]])
    const body = [...unsigned(this.#locals.length), ...locals, ...this.code, 0x0b]
    return [...unsigned(body.length), ...body]
  }
}

export class ModuleBuilder {
  readonly #functions: { name: string; parameters: readonly ValueType[]; body: FunctionBody }[] = []

  /** Adds and exports a function without result. */
  add(name: string, parameters: readonly ValueType[], write: (body: FunctionBody, parameters: Local[]) => void): void {
    const body = new FunctionBody(parameters.length, (called) => this.#functions.findIndex((known) => known.name === called))
    write(
      body,
      parameters.map((type, index) => ({ type, index, code: [0x20, ...unsigned(index)] })),
    )
    this.#functions.push({ name, parameters, body })
  }

  /** @param shared whether the imported memory is one that threads share */
  encode(shared: boolean): Uint8Array<ArrayBuffer> {
    const all = this.#functions
    const types = all.map(({ parameters }) => [0x60, ...vector(parameters.map((type) => [typeCode[type]])), 0])
    const memory = shared ? [3, 0, ...unsigned(65536)] : [0, 0]
    return Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, vector(types)),
      ...section(2, vector([[...text('env'), ...text('memory'), 2, ...memory]])),
      ...section(3, vector(all.map((_, index) => unsigned(index)))),
      ...section(7, vector(all.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]))),
      ...section(10, vector(all.map(({ body }) => body.encode()))),
    ])
  }
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)]
  return [...unsigned(bytes.length), ...bytes]
}
