/** Elements that are worked on at a time where arrays must be copied: enough to make the calls cheap, few enough for a core's cache. */
export const blockSize = 16384
/** Arrays of one update for which there is room. */
export const blockCount = 8

/** Where the row numbers of a block are put: after the blocks. At most one row an element. */
export const rowNumbersAddress = blockCount * blockSize * 4

/** Each array begins on a cache line: what fills a vector of any processor then lies in one. */
const floatsPerLine = 16
const bytesPerPage = 65536
const mostPages = 65536

/** Arrays that lie together in memory which a fused kernel works on directly. */
export interface FusedMemory {
  /** In the order of the lengths that were asked for; zeros at first. */
  readonly arrays: readonly Float32Array[]
  /** Those that can be done without, likewise; none where there is no room for all of them. */
  readonly spare: readonly Float32Array[]
  /** Undefined where there is no WebAssembly, or not that much of it: the arrays are ordinary ones. */
  readonly wasm: WebAssembly.Memory | undefined
}

/**
 * Makes arrays for `compileFused({ memory })`. Their size is fixed for good, so that they never move.
 *
 * @param lengths number of floats in each array
 * @param spare of arrays that can be done without; what is never written takes no memory
 */
export function fusedMemory(lengths: readonly number[] = [], spare: readonly number[] = []): FusedMemory {
  return (spare.length > 0 && layOut(lengths, spare)) || layOut(lengths, []) || ordinary(lengths)
}

/** Undefined where they do not fit. */
function layOut(lengths: readonly number[], spare: readonly number[]): FusedMemory | undefined {
  const all = [...lengths, ...spare]
  const padded = all.map((length) => Math.ceil(length / floatsPerLine) * floatsPerLine)
  const scratch = (blockCount + 1) * blockSize
  const wasm = reserve(Math.ceil((padded.reduce((sum, length) => sum + length, scratch) * 4) / bytesPerPage))
  if (!wasm) return undefined
  let at = scratch
  const arrays = all.map((length, i) => {
    const array = new Float32Array(wasm.buffer, at * 4, length)
    // A kernel's last vector may reach into the padding, never into the next array.
    at += padded[i]
    return array
  })
  return { arrays: arrays.slice(0, lengths.length), spare: arrays.slice(lengths.length), wasm }
}

const ordinary = (lengths: readonly number[]): FusedMemory => ({
  arrays: lengths.map((length) => new Float32Array(length)),
  spare: [],
  wasm: undefined,
})

function reserve(pages: number): WebAssembly.Memory | undefined {
  if (typeof WebAssembly === 'undefined' || pages > mostPages) return undefined
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages })
  } catch {
    return undefined
  }
}
