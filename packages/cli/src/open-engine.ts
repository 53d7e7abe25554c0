import type { Engine } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import type { Terminal } from './terminal.js'

type Backend = NonNullable<Parameters<typeof openEngine>[0]>['backend']

/**
 * Opens the engine that `--backend` and `--threads` ask for.
 *
 * @param options `worker`: see `openEngine`
 */
export async function openEngineFor(
  options: { readonly backend?: string; readonly threads?: number; readonly worker?: boolean },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Engine> {
  const engine = await openEngine({
    backend: options.backend as Backend,
    threads: options.threads,
    worker: options.worker,
    signal,
    notice: (line) => terminal.note(line),
  })
  terminal.note(`engine ${engine.name}, ${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'}`)
  return engine
}
