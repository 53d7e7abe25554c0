import { blockSize, type FusedMemory } from './fused-memory.js'
import { aligned, constantLanes, extractLane, localGet, localSet, opcodes, signed, valueTypes, wasmModule } from './wasm-bytes.js'

/** Vectors of four that are summed side by side. */
const vectors = 4
const floatsAtATime = 4 * vectors

/**
 * Sums the squares of arrays. Those that lie in the memory are read where they are, others are copied into it block by block. NaN or infinite
 * where an element is.
 */
export function sumOfSquares({ wasm }: FusedMemory): (array: Float32Array) => number {
  const sum = wasm && instantiate(wasm)
  if (!sum) return (array) => sumInLoop(array, 0, array.length)
  const scratch = new Float32Array(wasm.buffer, 0, blockSize)
  return (array) => {
    const inside = array.buffer === wasm.buffer
    const end = array.length - (array.length % floatsAtATime)
    // Each block is of so few squares that single precision is enough; their sums are added in double precision.
    let total = sumInLoop(array, end, array.length)
    for (let at = 0; at < end; at += blockSize) {
      const count = Math.min(blockSize, end - at)
      if (!inside) scratch.set(array.subarray(at, at + count))
      total += sum(inside ? array.byteOffset + at * 4 : 0, count * 4)
    }
    return total
  }
}

function sumInLoop(array: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += array[i] * array[i]
  return sum
}

/** Of so many bytes (a multiple of what is summed at a time, not 0) from an address on. Undefined where WebAssembly or SIMD is missing. */
function instantiate(memory: WebAssembly.Memory): ((address: number, bytes: number) => number) | undefined {
  const [address, length, distance, value, sums] = [0, 1, 2, 3, 4]
  const each = Array.from({ length: vectors }, (_, i) => sums + i)
  const square = (sum: number, i: number) => [
    ...[...localGet(address), ...localGet(distance), ...opcodes.i32Add, ...opcodes.v128Load, ...aligned(16 * i), ...localSet(value)],
    ...[...localGet(value), ...localGet(value), ...opcodes.mul, ...localGet(sum), ...opcodes.add, ...localSet(sum)],
  ]
  const body = [
    ...each.flatMap((sum) => [...constantLanes(0), ...localSet(sum)]),
    ...opcodes.loop,
    ...each.flatMap(square),
    ...[...localGet(distance), ...opcodes.i32Const, ...signed(4 * floatsAtATime), ...opcodes.i32Add, ...localSet(distance)],
    ...[...localGet(distance), ...localGet(length), ...opcodes.i32LessUnsigned, ...opcodes.branchIf, 0],
    ...opcodes.end,
    ...each.flatMap(localGet),
    ...Array.from({ length: vectors - 1 }, () => opcodes.add).flat(),
    ...localSet(value),
    ...[0, 1, 2, 3].flatMap((lane) => [...localGet(value), ...extractLane(lane)]),
    ...[opcodes.floatAdd, opcodes.floatAdd, opcodes.floatAdd].flat(),
  ]
  const bytes = wasmModule({
    parameters: [valueTypes.i32, valueTypes.i32],
    results: [valueTypes.f32],
    locals: [
      [1, valueTypes.i32],
      [1 + vectors, valueTypes.v128],
    ],
    body,
  })
  if (!WebAssembly.validate(bytes)) return undefined
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } })
    return exports['run'] as (address: number, bytes: number) => number
  } catch {
    return undefined
  }
}
