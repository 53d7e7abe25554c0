import type { Compiled, Differentiated, Engine } from '@ms/core/tensor'
import { isUnrecordable } from '../traced/unrecordable.js'

export interface FallbackOptions {
  /** Opens the engine that takes over. Called once at most. */
  open(): Promise<Engine>
  /** Told once for each function that is taken over, in a line. */
  notice(line: string): void
}

/**
 * An engine that records functions, with another behind it for those that it cannot record: an op without a recording, or a
 * function that reads values, so that its shapes depend on data.
 */
export function withFallback(engine: Engine, { open, notice }: FallbackOptions): Engine {
  let other: Promise<Engine> | undefined

  /** Runs with the first engine's function; from the first refusal on with the other's. */
  function either<F extends { dispose(): void }>(first: F, again: (engine: Engine) => Promise<F>) {
    let second: Promise<F> | undefined
    let disposed = false
    return {
      run: async <R>(use: (fn: F) => Promise<R>): Promise<R> => {
        if (second) return use(await second)
        try {
          return await use(first)
        } catch (error) {
          if (disposed || !isUnrecordable(error)) throw error
          second ??= takeOver(error, again)
          return use(await second)
        }
      },
      dispose: () => {
        disposed = true
        first.dispose()
        second?.then(
          (fn) => fn.dispose(),
          () => {},
        )
      },
    }
  }

  async function takeOver<F>(error: Error, again: (engine: Engine) => Promise<F>): Promise<F> {
    other ??= open()
    const eager = await other
    notice(`${error.message}, so this function runs on the ${eager.name} engine, which is slower`)
    return again(eager)
  }

  return {
    name: engine.name,
    threads: engine.threads,
    compile: async (fn, options) => {
      type Fn = Compiled<ReturnType<typeof fn>>
      const compiled = either<Fn>(await engine.compile(fn, options), (eager) => eager.compile(fn, options))
      return { run: (inputs) => compiled.run((one) => one.run(inputs)), dispose: compiled.dispose }
    },
    differentiate: async (fn, options) => {
      type Fn = Differentiated<ReturnType<typeof fn>>
      const step = either<Fn>(await engine.differentiate(fn, options), (eager) => eager.differentiate(fn, options))
      return { run: (...given) => step.run((one) => one.run(...given)), dispose: step.dispose }
    },
    // A training that cannot be recorded is one that this engine cannot keep: whoever asked for it differentiates instead.
    ...(engine.resident ? { resident: (fn, options) => engine.resident!(fn, options) } : {}),
    memory: () => engine.memory(),
    dispose: async () => {
      await engine.dispose()
      const opened = await other?.catch(() => undefined)
      await opened?.dispose()
    },
  }
}
