import { MsError } from '@ms/core'
import type { HeldTensor } from './graph-session.js'

/** Knows what of its runtime has stayed where it was computed, and how to get at it. */
export class HeldTensors<T> {
  readonly #there = new Map<HeldTensor, T>()
  readonly #drop: (there: T) => void
  #bytes = 0

  /** @param drop gives back what lies behind a tensor; called once for each */
  constructor(drop: (there: T) => void) {
    this.#drop = drop
  }

  /** @param maker the session that has made it */
  hold(there: T, shape: readonly number[], maker: Releasable): HeldTensor {
    const bytes = shape.reduce((product, size) => product * size, 4)
    const tensor: HeldTensor = {
      shape,
      dispose: () => {
        if (!this.#there.delete(tensor)) return
        this.#bytes -= bytes
        this.#drop(there)
        maker.end()
      },
    }
    this.#there.set(tensor, there)
    this.#bytes += bytes
    maker.begin()
    return tensor
  }

  /** @throws `engine.failed` where it was disposed of, or is another runtime's */
  get(tensor: HeldTensor): T {
    const there = this.#there.get(tensor)
    if (there === undefined) throw new MsError('engine.failed', 'a tensor that was kept is not there any more', { kind: 'failure' })
    return there
  }

  count(): { tensors: number; bytes: number } {
    return { tensors: this.#there.size, bytes: this.#bytes }
  }
}

/**
 * A session that is released when nothing that it has made is held any more: on a device its buffers go with it, and a run that is given
 * one of them then ends the process (seen with onnxruntime-node 1.30.0 on WebGPU).
 */
export class Releasable {
  readonly #release: () => Promise<void>
  #held = 0
  #unwanted = false

  constructor(release: () => Promise<void>) {
    this.#release = release
  }

  begin(): void {
    this.#held++
  }

  end(): void {
    this.#held--
    if (this.#unwanted && this.#held === 0) void this.#release().catch(() => undefined)
  }

  /** Now, or with the last tensor. */
  async release(): Promise<void> {
    this.#unwanted = true
    if (this.#held === 0) await this.#release()
  }
}
