import { type ImageSource, MsError, type OnProgress } from '@ms/core'
import type { Prepared, Processor } from '@ms/core/tensor'
import { inParallel } from './in-parallel.js'

export interface PrepareReadableOptions {
  /** Stops at the first picture that cannot be read. Default: false. */
  readonly strict?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  /** Pictures at a time. Default: 8. */
  readonly concurrency?: number
}

/** A picture that cannot be read, and why. */
export interface BrokenPicture {
  /** Position among the items. */
  readonly position: number
  readonly error: MsError
}

export interface ReadablePictures<P> {
  /** In the order of the items, without the broken ones. */
  readonly prepared: readonly P[]
  /** Position among the items of each of them. */
  readonly positions: Int32Array
  readonly broken: readonly BrokenPicture[]
}

/**
 * Prepares pictures and leaves out those that cannot be read: one broken file does not spoil a folder of ten thousand.
 * The processor keeps what it decoded, as far as its memory reaches.
 *
 * @throws in strict mode the first `picture.*` error; any other error always; the signal's reason
 */
export async function prepareReadable<P extends Prepared>(
  processor: Processor<ImageSource, P>,
  items: readonly ImageSource[],
  options: PrepareReadableOptions = {},
): Promise<ReadablePictures<P>> {
  const { strict = false, signal, onProgress, concurrency = 8 } = options
  const broken: BrokenPicture[] = []
  let done = 0
  const results = await inParallel(items.length, concurrency, async (position) => {
    signal?.throwIfAborted()
    try {
      const [prepared] = await processor.prepare([items[position]], 'document')
      return { position, prepared }
    } catch (error) {
      if (strict || !MsError.isInstance(error) || !isOfPicture(error)) throw error
      broken.push({ position, error })
      return undefined
    } finally {
      onProgress?.({ done: ++done, total: items.length, unit: 'pictures' })
    }
  })
  const readable = results.filter((result) => result !== undefined)
  return {
    prepared: readable.map(({ prepared }) => prepared),
    positions: Int32Array.from(readable, ({ position }) => position),
    broken: broken.sort((a, b) => a.position - b.position),
  }
}

const isOfPicture = ({ code }: MsError) => code.startsWith('picture.') && code !== 'picture.no-sharp'
