import { MsError } from '@ms/core'
import { opcodeNames } from './pickle-opcodes.js'

/** What stands in a pickle that is read here: plain data, and what the caller's functions made of the rest. */
export type PickleValue<Extra> =
  | null
  | boolean
  | number
  | string
  | readonly PickleValue<Extra>[]
  | Map<PickleValue<Extra>, PickleValue<Extra>>
  | PickleFunction<Extra>
  | Extra

/** A Python name that a pickle may use, and what is done in its place. */
export interface PickleFunction<Extra> {
  /** `torch._utils._rebuild_tensor_v2` */
  readonly python: string
  /** What REDUCE makes of the arguments; absent: it may be named, not called. */
  readonly call?: (args: readonly PickleValue<Extra>[]) => PickleValue<Extra>
}

export interface UnpickleOptions<Extra> {
  /** By full name. Every other name is refused. */
  readonly globals: ReadonlyMap<string, PickleFunction<Extra>>
  /** What a persistent id stands for. */
  readonly persistent: (id: PickleValue<Extra>) => PickleValue<Extra>
  readonly where: string
}

/** Highest protocol whose opcodes are known. */
const newestProtocol = 5

/**
 * Reads one pickle of the subset that tensors need: numbers, texts, lists, tuples, dictionaries, and calls of the functions in `globals`.
 * It runs nothing and imports nothing: a name is looked up in that table, and whatever is not in it, and every other opcode, is refused.
 *
 * @param offset where the pickle begins in `bytes`
 * @returns the value, and where the pickle ends
 * @throws `checkpoint.unsafe` for an opcode or a name that is not allowed, `checkpoint.pickle` when the pickle is malformed,
 *   `checkpoint.truncated`
 */
export function unpickle<Extra extends object>(
  bytes: Uint8Array,
  offset: number,
  { globals, persistent, where }: UnpickleOptions<Extra>,
): { value: PickleValue<Extra>; end: number } {
  type Value = PickleValue<Extra>
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stack: Value[] = []
  const marks: number[] = []
  const memo = new Map<number, Value>()
  let at = offset

  const malformed = (what: string): never => {
    throw new MsError('checkpoint.pickle', `the pickle is malformed at byte ${at}: ${what}`, {
      where,
      advice: 'The file is damaged; fetch it again.',
    })
  }
  const take = (count: number): number => {
    const from = at
    at += count
    if (!(at <= bytes.length)) {
      throw new MsError('checkpoint.truncated', `the pickle ends in the middle of an instruction, at byte ${bytes.length}`, {
        where,
        advice: 'The file was not downloaded to the end; fetch it again.',
      })
    }
    return from
  }
  const text = (length: number) => {
    const from = take(length)
    return new TextDecoder().decode(bytes.subarray(from, from + length))
  }
  const line = () => {
    const end = bytes.indexOf(0x0a, at)
    const result = text((end < 0 ? bytes.length : end) - at)
    take(1)
    return result
  }
  const pop = (): Value => {
    if (stack.length <= (marks.at(-1) ?? 0)) return malformed('the stack is empty')
    return stack.pop() as Value
  }
  const popMark = (): Value[] => {
    const from = marks.pop()
    return from === undefined ? malformed('there is no mark') : stack.splice(from)
  }
  const top = (): Value => (stack.length > (marks.at(-1) ?? 0) ? (stack.at(-1) as Value) : malformed('the stack is empty'))
  const integer = (length: number): number => {
    const from = take(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i])
    return Number(length > 0 && bytes[from + length - 1] & 0x80 ? value - (1n << BigInt(8 * length)) : value)
  }
  const setItems = (items: readonly Value[]) => {
    const target = top()
    if (!(target instanceof Map) || items.length % 2 !== 0) return malformed('items are set on something that is no dictionary')
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1])
  }
  const append = (items: readonly Value[]) => {
    const target = top()
    if (!Array.isArray(target)) return malformed('items are appended to something that is no list')
    for (const item of items) target.push(item)
  }
  const global = (module: string, name: string): Value => {
    const found = globals.get(`${module}.${name}`)
    if (found) return found
    throw new MsError('checkpoint.unsafe', `the pickle asks for ${module}.${name}, which is not one of the few names that tensors need`, {
      where,
      advice: 'Nothing was run. Save only the weights: torch.save(model.state_dict(), FILE), or take a safetensors file.',
      details: { name: `${module}.${name}` },
    })
  }

  for (;;) {
    const code = bytes[take(1)]
    const name = opcodeNames.get(code)
    switch (name) {
      case 'PROTO':
        if (bytes[take(1)] > newestProtocol) malformed(`protocol ${bytes[at - 1]}`)
        break
      case 'FRAME':
        take(8)
        break
      case 'STOP': {
        const value = pop()
        return stack.length > 0 || marks.length > 0 ? malformed('something is left on the stack') : { value, end: at }
      }
      case 'MARK':
        marks.push(stack.length)
        break
      case 'NONE':
        stack.push(null)
        break
      case 'NEWTRUE':
      case 'NEWFALSE':
        stack.push(name === 'NEWTRUE')
        break
      case 'BININT':
        stack.push(view.getInt32(take(4), true))
        break
      case 'BININT1':
        stack.push(bytes[take(1)])
        break
      case 'BININT2':
        stack.push(view.getUint16(take(2), true))
        break
      case 'LONG1':
        stack.push(integer(bytes[take(1)]))
        break
      case 'BINFLOAT':
        stack.push(view.getFloat64(take(8), false))
        break
      case 'BINUNICODE':
      case 'BINSTRING':
        stack.push(text(view.getUint32(take(4), true)))
        break
      case 'SHORT_BINUNICODE':
      case 'SHORT_BINSTRING':
        stack.push(text(bytes[take(1)]))
        break
      case 'EMPTY_DICT':
        stack.push(new Map())
        break
      case 'EMPTY_LIST':
      case 'EMPTY_TUPLE':
        stack.push([])
        break
      case 'TUPLE':
        stack.push(popMark())
        break
      case 'TUPLE1':
        stack.push([pop()])
        break
      case 'TUPLE2':
        stack.push([pop(), pop()].reverse())
        break
      case 'TUPLE3':
        stack.push([pop(), pop(), pop()].reverse())
        break
      case 'APPEND':
        append([pop()])
        break
      case 'APPENDS':
        append(popMark())
        break
      case 'SETITEM':
        setItems([pop(), pop()].reverse())
        break
      case 'SETITEMS':
        setItems(popMark())
        break
      case 'BINPUT':
        memo.set(bytes[take(1)], top())
        break
      case 'LONG_BINPUT':
        memo.set(view.getUint32(take(4), true), top())
        break
      case 'MEMOIZE':
        memo.set(memo.size, top())
        break
      case 'BINGET':
      case 'LONG_BINGET': {
        const key = name === 'BINGET' ? bytes[take(1)] : view.getUint32(take(4), true)
        if (!memo.has(key)) malformed(`nothing was memorised as ${key}`)
        stack.push(memo.get(key) as Value)
        break
      }
      case 'GLOBAL':
        stack.push(global(line(), line()))
        break
      case 'STACK_GLOBAL': {
        const [module, attribute] = [pop(), pop()].reverse()
        stack.push(typeof module === 'string' && typeof attribute === 'string' ? global(module, attribute) : malformed('a name is no text'))
        break
      }
      case 'REDUCE': {
        const [called, args] = [pop(), pop()].reverse()
        if (!isFunction(called) || !called.call) return malformed('something is called that is no function')
        stack.push(Array.isArray(args) ? called.call(args) : malformed('the arguments are no tuple'))
        break
      }
      case 'BUILD':
        // The state of an OrderedDict is its `_metadata`, which nobody needs.
        pop()
        if (!(top() instanceof Map)) malformed('a state is given to something that is no dictionary')
        break
      case 'BINPERSID':
        stack.push(persistent(pop()))
        break
      default:
        throw new MsError(
          'checkpoint.unsafe',
          `the pickle uses ${name ?? `the unknown opcode 0x${code.toString(16)}`}, which tensors do not need`,
          {
            where,
            advice: 'Nothing was run. Save only the weights: torch.save(model.state_dict(), FILE), or take a safetensors file.',
            details: { opcode: name ?? code },
          },
        )
    }
  }
}

const isFunction = <Extra>(value: PickleValue<Extra>): value is PickleFunction<Extra> =>
  typeof value === 'object' && value !== null && 'python' in value
