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

/**
 * Parameters: width, rows, an address for each array, whether its rows are chosen, scalars.
 * Locals: number of the row, distance within it, the row's address in each array, a vector for each expression.
 */
function emit(update: Elementwise): Uint8Array<ArrayBuffer> {
  const nodes = inOrder(update)
  const { arrays, scalars } = update
  const n = arrays.length
  const [width, rows, addresses, chosen, firstScalar] = [0, 1, 2, 2 + n, 2 + 2 * n]
  const row = firstScalar + scalars.length
  const [distance, starts, vectors] = [row + 1, row + 2, row + 2 + n]
  const local = (node: Expression) => vectors + nodes.indexOf(node)
  const address = (name: string) => [...localGet(starts + arrays.indexOf(name)), ...localGet(distance), ...opcodes.i32Add]
  const constant = (value: number) => [...opcodes.i32Const, ...signed(value)]
  const advance = (index: number, by: number) => [...localGet(index), ...constant(by), ...opcodes.i32Add, ...localSet(index)]

  const outside: number[] = []
  const inside: number[] = []
  for (const node of nodes) {
    const set = localSet(local(node))
    switch (node.kind) {
      case 'scalar':
        outside.push(...localGet(firstScalar + scalars.indexOf(node.name)), ...opcodes.splat, ...set)
        break
      case 'constant':
        outside.push(...constantLanes(node.value), ...set)
        break
      case 'array':
        inside.push(...address(node.name), ...opcodes.v128Load, ...aligned, ...set)
        break
      case 'unary':
        inside.push(...localGet(local(node.x)), ...opcodes[node.operation], ...set)
        break
      case 'binary':
        inside.push(...localGet(local(node.a)), ...localGet(local(node.b)), ...opcodes[node.operation], ...set)
    }
  }
  for (const [name, node] of Object.entries(update.updates)) {
    if (node) inside.push(...address(name), ...localGet(local(node)), ...opcodes.v128Store, ...aligned)
  }

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
    ...[...localGet(width), ...constant(4), ...opcodes.i32Multiply, ...opcodes.i32Multiply],
    ...[...localGet(addresses + i), ...opcodes.i32Add, ...localSet(starts + i)],
  ])
  // The last vector may reach up to three elements beyond the width: see FusedMemory.
  const body = [
    ...outside,
    ...opcodes.loop,
    ...startOfRow,
    ...[...constant(0), ...localSet(distance)],
    ...opcodes.loop,
    ...inside,
    ...advance(distance, 16),
    ...[...localGet(distance), ...localGet(width), ...constant(4), ...opcodes.i32Multiply],
    ...[...opcodes.i32LessUnsigned, ...opcodes.branchIf, 0],
    ...opcodes.end,
    ...advance(row, 1),
    ...[...localGet(row), ...localGet(rows), ...opcodes.i32LessUnsigned, ...opcodes.branchIf, 0],
    ...opcodes.end,
  ]
  return wasmModule({
    parameters: [...Array.from({ length: 2 + 2 * n }, () => valueTypes.i32), ...scalars.map(() => valueTypes.f32)],
    locals: [
      [2 + n, valueTypes.i32],
      [nodes.length, valueTypes.v128],
    ],
    body,
  })
}
