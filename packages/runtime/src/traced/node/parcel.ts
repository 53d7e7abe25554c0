import type { HostTensor } from '@ms/core/tensor'
import { hostType } from '../../host-type.js'

/** Tensors in one buffer, which is handed from thread to thread without a copy. */
export interface Parcel {
  readonly buffer: ArrayBuffer
  readonly contents: readonly PackedTensor[]
}

export interface PackedTensor {
  readonly name: string
  readonly type: 'float32' | 'int32' | 'bool'
  readonly shape: readonly number[]
  /** Of its first byte. */
  readonly offset: number
  readonly length: number
}

/** Where an array may begin: at a multiple of the processor's cache line. */
const alignment = 64

/** Packs tensors into buffers that come back and are used again, so that a run leaves nothing behind to be collected. */
export class Packer {
  #free: ArrayBuffer[] = []

  pack(tensors: ReadonlyMap<string, HostTensor>): Parcel {
    let bytes = 0
    const contents = Array.from(tensors, ([name, { shape, data }]): PackedTensor => {
      const offset = bytes
      bytes += Math.ceil(data.byteLength / alignment) * alignment
      return { name, type: hostType(data), shape, offset, length: data.length }
    })
    const buffer = this.#take(bytes)
    const all = new Uint8Array(buffer)
    for (const { name, offset } of contents) {
      const { data } = tensors.get(name)!
      all.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset)
    }
    return { buffer, contents }
  }

  /** Takes a buffer back. */
  recycle(buffer: ArrayBuffer): void {
    this.#free.push(buffer)
  }

  /** A buffer that is large enough, of those that are free; small ones make room for it. */
  #take(bytes: number): ArrayBuffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes)
    if (at >= 0) return this.#free.splice(at, 1)[0]
    this.#free = []
    return new ArrayBuffer(bytes)
  }
}
