import { MsError, type Vectors, vectors } from '@ms/core'
import type { Compiled, Encoder, Engine, Prepared, Tensors } from '@ms/core/tensor'

type Output = { readonly embeddings: Tensors[string] }

/** Runs batches of one encoder, one after the other. */
export interface Runner<P extends Prepared> {
  /** `[batch, encoder.dim]`. @throws `embed.engine-missing`, `embed.disposed` */
  run(batch: readonly P[]): Promise<Vectors>
  /** @throws `embed.disposed` */
  assertAlive(): void
  dispose(): Promise<void>
}

/** Compiles the encoder's forward pass when it is first needed; an encoder with `direct` is run without an engine. */
export function openRunner<Item, P extends Prepared>(
  encoder: Encoder<Item, P>,
  engine: Engine | (() => Promise<Engine>) | undefined,
): Runner<P> {
  let opening: Promise<{ engine: Engine; compiled: Compiled<Output> }> | undefined
  let disposed = false
  /** The batch before: several calls of `embed` at a time share one engine, and its memory, in turn. */
  let last: Promise<unknown> = Promise.resolve()

  const open = async () => {
    if (!engine) {
      throw new MsError('embed.engine-missing', 'this encoder needs an engine to run on, and none was given', {
        advice: "Hand over one: `engine: () => openEngine()` from '@ms/runtime/node'.",
      })
    }
    const opened = typeof engine === 'function' ? await engine() : engine
    const compiled = await opened.compile<Output>(
      (weights, inputs) => ({ embeddings: encoder.forward(inputs, weights, { training: false }) }),
      { constants: encoder.parameters },
    )
    return { engine: opened, compiled }
  }

  const assertAlive = () => {
    if (disposed) throw new MsError('embed.disposed', 'this embedder was disposed of')
  }

  const runOnEngine = async (batch: readonly P[]): Promise<Vectors> => {
    assertAlive()
    opening ??= open().catch((cause: unknown) => {
      opening = undefined
      throw cause
    })
    const { compiled } = await opening
    const { embeddings } = await compiled.run(encoder.processor.collate(batch))
    if (!(embeddings.data instanceof Float32Array)) throw new MsError('embed.output', 'the encoder gave integers', { kind: 'failure' })
    return vectors(embeddings.data, batch.length, encoder.dim)
  }

  return {
    assertAlive,
    run: (batch) => {
      if (encoder.direct) {
        assertAlive()
        return Promise.resolve(encoder.direct(encoder.processor.collate(batch), encoder.parameters))
      }
      const result = last.then(() => runOnEngine(batch))
      last = result.catch(() => undefined)
      return result
    },
    dispose: async () => {
      if (disposed) return
      disposed = true
      await last
      const opened = await opening?.catch(() => undefined)
      opened?.compiled.dispose()
      if (typeof engine === 'function') await opened?.engine.dispose()
    },
  }
}
