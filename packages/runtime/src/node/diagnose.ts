import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os'
import * as tf from '@tensorflow/tfjs-core'
import { hasSimd } from '../eager/wasm/simd/simd-module.js'
import { platformName } from '../native/node/native-build.js'
import { nativeParts } from '../native/node/parts.js'
import { type Candidate, candidates, type EngineName, stands } from './candidates.js'
import { type GraphicsCard, graphicsCards } from './graphics-cards.js'
import { type EngineSpeed, measureEngine } from './measure-engine.js'
import { threadsWanted, tryCandidate } from './open-engine.js'

export interface DiagnoseOptions {
  /** As in `openEngine`. */
  readonly threads?: number
  /** Time each usable engine. Default: true. */
  readonly measure?: boolean
  /** About how long one engine may be timed, seconds. Default: 3. */
  readonly limit?: number
  /** Only these engines. Default: all. `webgpu` stands for both ways to WebGPU. */
  readonly engines?: readonly EngineName[]
  readonly signal?: AbortSignal
  readonly candidates?: readonly Candidate[]
}

export interface EngineDiagnosis extends Partial<EngineSpeed> {
  readonly name: string
  /** Whether it opened and computed a known result. */
  readonly usable: boolean
  /** Why not. */
  readonly reason?: string
  /** Granted, which may be fewer than wanted. */
  readonly threads?: number
  /** Seconds to open it and prove it. */
  readonly startSeconds?: number
}

export interface Diagnosis {
  /** `v20.20.2` */
  readonly node: string
  /** Version of TensorFlow.js. */
  readonly tensorflow: string
  /** `linux x64` */
  readonly system: string
  readonly cpu: {
    readonly model: string
    /** How many threads run at once. */
    readonly processors: number
  }
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number }
  /** Whether WebAssembly has SIMD here. */
  readonly simd: boolean
  readonly gpus: readonly GraphicsCard[]
  readonly threadsWanted: number
  /** Quickest first, as `auto` tries them. */
  readonly engines: readonly EngineDiagnosis[]
  /** What `auto` takes; absent where nothing works. */
  readonly best?: string
  /** One sentence. */
  readonly advice: string
}

/**
 * Tries every engine and says what this machine offers. Plain data; printing it is the caller's business.
 *
 * @example
 * ```ts
 * import { diagnose } from '@ms/runtime/node'
 * const { best, engines, advice } = await diagnose()
 * console.log(best, engines.map(({ name, reason, gflops }) => `${name}: ${reason ?? gflops}`), advice)
 * ```
 *
 * @throws `engine.threads`
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const threads = threadsWanted(options.threads)
  const engines: EngineDiagnosis[] = []
  const limit = (options.measure ?? true) ? (options.limit ?? 3) : undefined
  const all = options.candidates ?? candidates
  const gpus = await graphicsCards()
  for (const candidate of all.filter(({ name }) => options.engines?.some((one) => stands(one, name)) ?? true)) {
    options.signal?.throwIfAborted()
    engines.push(await diagnoseEngine(candidate, { threads, signal: options.signal, limit }))
  }
  const best = engines.find(({ usable }) => usable)
  return {
    node: process.version,
    tensorflow: tf.version_core,
    system: `${platform()} ${arch()}`,
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', processors: availableParallelism() },
    memory: { total: totalmem(), free: freemem() },
    simd: hasSimd(),
    gpus,
    threadsWanted: threads,
    engines,
    ...(best && { best: best.name }),
    advice: adviceFor({ engines, best, gpus, asked: options.engines }),
  }
}

async function diagnoseEngine(
  candidate: Candidate,
  { threads, signal, limit }: { threads: number; signal?: AbortSignal; limit?: number },
): Promise<EngineDiagnosis> {
  const { name } = candidate
  const started = performance.now()
  const opened = await tryCandidate(candidate, { threads, signal, byName: true })
  if ('error' in opened) return { name, usable: false, reason: opened.error.message }
  const { engine } = opened
  const startSeconds = (performance.now() - started) / 1000
  try {
    const usable = { name, usable: true, threads: engine.threads, startSeconds }
    return limit === undefined ? usable : { ...usable, ...(await measureEngine(engine, limit, signal)) }
  } catch (error) {
    signal?.throwIfAborted()
    return { name, usable: false, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await engine.dispose()
  }
}

interface Findings extends Pick<Diagnosis, 'engines' | 'gpus'> {
  readonly best?: EngineDiagnosis
  readonly asked?: readonly EngineName[]
}

function adviceFor({ engines, best, gpus, asked }: Findings): string {
  if (!best) {
    return asked && engines.length === 1
      ? `${engines[0].name} does not work here: ${engines[0].reason}.`
      : 'No engine works here: install Node 20.19 or later and the dependencies of @ms/runtime again.'
  }
  if (asked) return `${best.name} works here: --backend ${best.name} takes it.`
  const unusable = (name: EngineName) => engines.some((engine) => engine.name === name && !engine.usable)
  if (unusable('native-gpu') && gpus.some(({ name }) => name.startsWith('NVIDIA')) && nativeParts['native-gpu'][platformName()]) {
    return 'There is an NVIDIA GPU: ms doctor --install native-gpu lets training use it.'
  }
  if (best.name === 'cpu') return 'Only plain JavaScript works here, which is far too slow to train with: see why wasm does not start.'
  if (best.name === 'wasm' && unusable('traced')) {
    return 'The portable engine is used: install onnxruntime-node (no install script needed) for one several times as fast.'
  }
  if (best.threads === 1 && availableParallelism() > 1) {
    return `${best.name} runs on one thread: --threads ${availableParallelism()} (or MS_THREADS) uses all processors.`
  }
  const quicker = engines.find(({ stepSeconds }) => stepSeconds && best.stepSeconds && stepSeconds < 0.7 * best.stepSeconds)
  if (quicker) return `${quicker.name} was quicker than ${best.name} at this small step: try --backend ${quicker.name} on your own data.`
  return `Nothing to do: ${best.name} is the quickest engine that works here.`
}
