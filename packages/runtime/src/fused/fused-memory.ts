/** Elements that are worked on at a time where arrays must be copied: enough to make the calls cheap, few enough for a core's cache. */
export const blockSize = 16384
/** Arrays of one update for which there is room. */
export const blockCount = 8

/** Where the row numbers of a block are put: after the blocks. At most one row an element. */
export const rowNumbersAddress = blockCount * blockSize * 4

const bytesPerPage = 65536
const mostPages = 65536

/** Arrays that lie together in memory which a fused kernel works on directly. */
export interface FusedMemory {
  /** In the order of the lengths that were asked for; zeros at first. */
  readonly arrays: readonly Float32Array[]
  /** Undefined where there is no WebAssembly, or not that much of it: the arrays are ordinary ones. */
  readonly wasm: WebAssembly.Memory | undefined
}

/**
 * Makes arrays for `compileFused({ memory })`. Their size is fixed for good, so that they never move.
 *
 * @param lengths number of floats in each array
 */
export function fusedMemory(lengths: readonly number[] = []): FusedMemory {
  const padded = lengths.map((length) => Math.ceil(length / 4) * 4)
  const scratch = (blockCount + 1) * blockSize
  const pages = Math.ceil((padded.reduce((sum, length) => sum + length, scratch) * 4) / bytesPerPage)
  const wasm = reserve(pages)
  if (!wasm) return { arrays: lengths.map((length) => new Float32Array(length)), wasm }
  let at = scratch
  const arrays = lengths.map((length, i) => {
    const array = new Float32Array(wasm.buffer, at * 4, length)
    // A kernel's last vector may reach into the padding, never into the next array.
    at += padded[i]
    return array
  })
  return { arrays, wasm }
}

function reserve(pages: number): WebAssembly.Memory | undefined {
  if (typeof WebAssembly === 'undefined' || pages > mostPages) return undefined
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages })
  } catch {
    return undefined
  }
}
