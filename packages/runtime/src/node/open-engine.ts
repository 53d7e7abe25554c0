import { availableParallelism } from 'node:os'
import { MsError } from '@ms/core'
import { cacheFolder } from '@ms/core/node'
import type { Engine } from '@ms/core/tensor'
import { type Candidate, candidates, type EngineName, engineNames, stands } from './candidates.js'
import { installedRivals } from './installed-rivals.js'
import { quickestFirst } from './quickest-first.js'
import { tryCandidate } from './try-candidate.js'
import { withFallback } from './with-fallback.js'

export interface OpenEngineOptions {
  /** Default: `auto`, the quickest that works. */
  readonly backend?: 'auto' | EngineName
  /** Wanted number of threads, 1 or more. Default: the environment's `MS_THREADS`, else one for each processor. */
  readonly threads?: number
  /**
   * Compute in a thread of its own where the engine can (`traced`), so that timers and requests have their turn meanwhile. What each
   * run is given is copied there, in training the trainable weights: so much more memory is taken. Default: false.
   */
  readonly worker?: boolean
  readonly signal?: AbortSignal
  /**
   * Told, in a line, of an engine that `auto` passes over though it should be there (a broken package, an unfinished build), and of a
   * function that its engine cannot record (an op without a recording, shapes that depend on data) and that the next engine runs op by op
   * in its place. Default: a warning of the process. An engine that was asked for by name throws instead.
   */
  readonly notice?: (line: string) => void
  /** Default: those of this version, the quickest first where it was measured. Put your own in front to have it tried first. */
  readonly candidates?: readonly Candidate[]
}

/** What became of one candidate. */
export interface EngineAttempt {
  readonly name: string
  readonly usable: boolean
  /** Why not. */
  readonly reason?: string
}

export interface OpenedEngine extends Engine {
  /** What was tried before this engine, in order, and this one last. */
  readonly attempts: readonly EngineAttempt[]
}

/**
 * Opens an engine and proves it by a small computation with a known result.
 *
 * @example
 * ```ts
 * import { openEngine } from '@ms/runtime/node'
 * const engine = await openEngine({ threads: 2 })
 * console.log(engine.name, engine.threads)
 * await engine.dispose()
 * ```
 *
 * @throws `engine.unusable` when the one asked for does not work here, or none does
 * @throws `engine.unknown` for another name
 * @throws `engine.threads` when the number of threads (or `MS_THREADS`) is not a whole number from 1
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<OpenedEngine> {
  const { backend = 'auto', signal, notice = (line: string) => process.emitWarning(line) } = options
  const table = options.candidates ?? candidates
  const named = backend === 'auto' ? table : table.filter(({ name }) => stands(backend, name))
  if (named.length === 0) {
    throw new MsError('engine.unknown', `there is no engine ${backend}`, {
      where: 'backend',
      advice: `Use auto, ${engineNames.join(', ')}`,
    })
  }
  const threads = threadsWanted(options.threads)
  const choose = async () => {
    const cache = cacheFolder()
    return quickestFirst(named, { threads, signal, cache, rivals: await installedRivals(cache) })
  }
  const wanted = backend === 'auto' && !options.candidates ? await choose() : named
  const attempts: EngineAttempt[] = []
  for (const [at, candidate] of wanted.entries()) {
    signal?.throwIfAborted()
    const opened = await tryCandidate(candidate, { threads, worker: options.worker, signal, byName: backend !== 'auto' })
    if ('engine' in opened) {
      attempts.push({ name: candidate.name, usable: true })
      const rest = wanted.slice(at + 1)
      if (backend !== 'auto' || !candidate.records || rest.length === 0) return withAttempts(opened.engine, attempts)
      return withAttempts(withFallback(opened.engine, { open: () => openEngine({ threads, candidates: rest }), notice }), attempts)
    }
    if (backend !== 'auto' && wanted.length === 1) throw opened.error
    attempts.push({ name: candidate.name, usable: false, reason: opened.error.message })
    if (backend === 'auto' && shouldBeThere(candidate, opened.error)) {
      notice(`the ${candidate.name} engine is passed over: ${[opened.error.message, opened.error.advice].filter(Boolean).join('. ')}`)
    }
  }
  throw new MsError('engine.unusable', backend === 'auto' ? 'no engine works here' : `${backend} does not work here`, {
    where: attempts.map(({ name, reason }) => `${name}: ${reason}`).join('; '),
    advice: 'Run ms doctor',
    kind: 'failure',
    details: { attempts },
  })
}

/** Of what has to be installed, only what was begun: an unfinished build, or another version's. */
const shouldBeThere = ({ optional }: Candidate, { details }: MsError): boolean =>
  !optional || ['half-built', 'other-version'].includes(String((details as { state?: unknown } | undefined)?.state))

/** @throws `engine.threads` */
export function threadsWanted(threads?: number): number {
  const fromEnvironment = process.env['MS_THREADS']
  const wanted = threads ?? (fromEnvironment ? Number(fromEnvironment) : availableParallelism())
  if (!Number.isInteger(wanted) || wanted < 1) {
    const where = threads === undefined ? 'MS_THREADS' : 'threads'
    throw new MsError('engine.threads', `${threads ?? fromEnvironment} is not a number of threads`, {
      where,
      advice: 'Give a whole number from 1',
    })
  }
  return wanted
}

function withAttempts(engine: Engine, attempts: readonly EngineAttempt[]): OpenedEngine {
  return {
    name: engine.name,
    threads: engine.threads,
    compile: (fn, options) => engine.compile(fn, options),
    differentiate: (fn, options) => engine.differentiate(fn, options),
    ...(engine.resident ? { resident: (fn, options) => engine.resident!(fn, options) } : {}),
    memory: () => engine.memory(),
    dispose: () => engine.dispose(),
    attempts,
  }
}
