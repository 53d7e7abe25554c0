/** What a kernel is to work on. Addresses are bytes; a kernel that is not `inPlace` always works on its blocks from their start. */
export interface KernelCall {
  /** Elements of a row; all of them, where there is but one row. */
  readonly width: number
  readonly rows: number
  /** Where each array starts. */
  readonly addresses: readonly number[]
  /** For each array 1 where its rows are chosen by the numbers at `rowNumbersAddress`, 0 where they follow each other. */
  readonly chosen: readonly (0 | 1)[]
  /** In the order of the update's. */
  readonly scalars: readonly number[]
}

/** Runs an elementwise update on rows of elements. */
export interface Kernel {
  /** `simd`: a WebAssembly module; `loops`: plain JavaScript. */
  readonly kind: 'simd' | 'loops'
  /** One block for each array of the update, in its order, for what must be copied in and out. */
  readonly blocks: readonly Float32Array[]
  /** Whether arrays of its `FusedMemory` may be worked on where they are. */
  readonly inPlace: boolean
  run(call: KernelCall): void
}
