import { type Elementwise, inOrder } from './elementwise.js'
import type { Expression } from './expression.js'
import { blockSize, rowNumbersAddress } from './fused-memory.js'
import type { Kernel } from './kernel.js'
import { aligned, constantLanes, localGet, localSet, opcodes, signed, valueTypes, wasmModule } from './wasm-bytes.js'

/**
 * Compiles an update to a WebAssembly module with four lanes (f32x4), emitted as bytes: nothing is evaluated.
 * @returns undefined where there is no SIMD, or a page's security policy forbids WebAssembly
 */
export function simdKernel(update: Elementwise, memory: WebAssembly.Memory): Kernel | undefined {
  const bytes = emit(update)
  if (!WebAssembly.validate(bytes)) return undefined
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } })
    const run = exports['run'] as (...parameters: readonly number[]) => void
    return {
      kind: 'simd',
      inPlace: true,
      blocks: update.arrays.map((_, at) => new Float32Array(memory.buffer, at * blockSize * 4, blockSize)),
      run: ({ width, rows, addresses, chosen, scalars }) => run(width, rows, ...addresses, ...chosen, ...scalars),
    }
  } catch {
    return undefined
  }
}

/** Vectors that are worked on between two tests of the distance, as a power of two. */
const unrolledBits = 2
const unrolled = 2 ** unrolledBits

/**
 * Parameters: width, rows, an address for each array, whether its rows are chosen, scalars.
 * Locals: number of the row, distance within it, its bytes and how many of them make full turns of the unrolled loop, for each array the row's
 * address and that of the current vector, a vector for each expression.
 */
function emit(update: Elementwise): Uint8Array<ArrayBuffer> {
  const nodes = inOrder(update)
  const { arrays, scalars } = update
  const n = arrays.length
  const [width, rows, addresses, chosen, firstScalar] = [0, 1, 2, 2 + n, 2 + 2 * n]
  const row = firstScalar + scalars.length
  const [distance, bytes, turned, starts, currents, vectors] = [row + 1, row + 2, row + 3, row + 4, row + 4 + n, row + 4 + 2 * n]
  const local = (node: Expression) => vectors + nodes.indexOf(node)
  const current = (name: string) => localGet(currents + arrays.indexOf(name))
  const constant = (value: number) => [...opcodes.i32Const, ...signed(value)]
  const advance = (index: number, by: number) => [...localGet(index), ...constant(by), ...opcodes.i32Add, ...localSet(index)]

  const outside: number[] = []
  for (const node of nodes) {
    if (node.kind === 'scalar')
      outside.push(...localGet(firstScalar + scalars.indexOf(node.name)), ...opcodes.splat, ...localSet(local(node)))
    else if (node.kind === 'constant') outside.push(...constantLanes(node.value), ...localSet(local(node)))
  }
  /** The update of one vector, so many bytes after the current ones. */
  const vector = (offset: number) => {
    const code: number[] = []
    for (const node of nodes) {
      if (node.kind === 'array') code.push(...current(node.name), ...opcodes.v128Load, ...aligned(offset))
      else if (node.kind === 'unary') code.push(...localGet(local(node.x)), ...opcodes[node.operation])
      else if (node.kind === 'binary') code.push(...localGet(local(node.a)), ...localGet(local(node.b)), ...opcodes[node.operation])
      else continue
      code.push(...localSet(local(node)))
    }
    for (const [name, node] of Object.entries(update.updates)) {
      if (node) code.push(...current(name), ...localGet(local(node)), ...opcodes.v128Store, ...aligned(offset))
    }
    return code
  }
  /** Turns of so many vectors up to a distance, if there is any. */
  const turns = (count: number, end: number) => [
    ...[...localGet(distance), ...localGet(end), ...opcodes.i32LessUnsigned, ...opcodes.if, ...opcodes.loop],
    ...arrays.flatMap((_, i) => [...localGet(starts + i), ...localGet(distance), ...opcodes.i32Add, ...localSet(currents + i)]),
    ...Array.from({ length: count }, (_, i) => vector(16 * i)).flat(),
    ...advance(distance, 16 * count),
    ...[...localGet(distance), ...localGet(end), ...opcodes.i32LessUnsigned, ...opcodes.branchIf, 0],
    ...[...opcodes.end, ...opcodes.end],
  ]

  const rowNumber = [
    ...localGet(row),
    ...constant(4),
    ...opcodes.i32Multiply,
    ...constant(rowNumbersAddress),
    ...opcodes.i32Add,
    ...opcodes.i32Load,
  ]
  const startOfRow = arrays.flatMap((_, i) => [
    ...[...rowNumber, ...localGet(row), ...localGet(chosen + i), ...opcodes.select],
    ...[...localGet(bytes), ...opcodes.i32Multiply],
    ...[...localGet(addresses + i), ...opcodes.i32Add, ...localSet(starts + i)],
  ])
  // The last vector may reach up to three elements beyond the width: see FusedMemory.
  const body = [
    ...outside,
    ...[...localGet(width), ...constant(4), ...opcodes.i32Multiply, ...localSet(bytes)],
    ...[...localGet(bytes), ...constant(4 + unrolledBits), ...opcodes.i32ShiftRight],
    ...[...constant(4 + unrolledBits), ...opcodes.i32ShiftLeft, ...localSet(turned)],
    ...opcodes.loop,
    ...startOfRow,
    ...[...constant(0), ...localSet(distance)],
    ...turns(unrolled, turned),
    ...turns(1, bytes),
    ...advance(row, 1),
    ...[...localGet(row), ...localGet(rows), ...opcodes.i32LessUnsigned, ...opcodes.branchIf, 0],
    ...opcodes.end,
  ]
  return wasmModule({
    parameters: [...Array.from({ length: 2 + 2 * n }, () => valueTypes.i32), ...scalars.map(() => valueTypes.f32)],
    locals: [
      [4 + 2 * n, valueTypes.i32],
      [nodes.length, valueTypes.v128],
    ],
    body,
  })
}
