import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os'
import { cacheFolder } from '@ms/core/node'
import * as tf from '@tensorflow/tfjs-core'
import { type BertShape, miniLmShape } from '../diagnosis/bert-shaped-step.js'
import { hasSimd } from '../eager/wasm/simd/simd-module.js'
import { platformName } from '../native/node/native-build.js'
import { nativeParts } from '../native/node/parts.js'
import { type Candidate, candidates, type EngineName, stands } from './candidates.js'
import { type EngineFigures, keepFigures } from './engine-figures.js'
import { type GraphicsCard, graphicsCards } from './graphics-cards.js'
import { type EngineSpeed, measureEngine, measureStep } from './measure-engine.js'
import { threadsWanted } from './open-engine.js'
import { byFigures } from './quickest-first.js'
import { tryCandidate } from './try-candidate.js'

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
  /** Where the figures are kept that `auto` goes by. Default: the cache folder. */
  readonly cache?: string
  /** The step that `auto` goes by. Default: MiniLM's, 8 texts of 32 tokens. */
  readonly shape?: BertShape
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
  /** Seconds of a step of MiniLM's size, which `auto` goes by; not of engines that would take too long. */
  readonly serviceSeconds?: number
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
  /** In the order in which `auto` tries them where nothing was measured. */
  readonly engines: readonly EngineDiagnosis[]
  /** What `auto` takes; absent where nothing works. */
  readonly best?: string
  /** One sentence. */
  readonly advice: string
}

/**
 * Tries every engine and says what this machine offers. Plain data; printing it is the caller's business. What it measures is kept, and
 * `openEngine` goes by it from then on.
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
    engines.push(await diagnoseEngine(candidate, { threads, signal: options.signal, limit, shape: options.shape ?? miniLmShape }))
  }
  const figures: EngineFigures = Object.fromEntries(
    engines.flatMap(({ name, serviceSeconds }) => (serviceSeconds === undefined ? [] : [[name, serviceSeconds]])),
  )
  if (Object.keys(figures).length > 0) await keepFigures(figures, threads, options.cache ?? cacheFolder())
  const [best] = byFigures(
    engines.filter(({ usable }) => usable),
    figures,
  )
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
  { threads, signal, limit, shape }: { threads: number; signal?: AbortSignal; limit?: number; shape: BertShape },
): Promise<EngineDiagnosis> {
  const { name } = candidate
  const started = performance.now()
  const opened = await tryCandidate(candidate, { threads, signal, byName: true })
  if ('error' in opened) return { name, usable: false, reason: opened.error.message }
  const { engine } = opened
  const startSeconds = (performance.now() - started) / 1000
  try {
    const usable = { name, usable: true, threads: engine.threads, startSeconds }
    if (limit === undefined) return usable
    const speed = await measureEngine(engine, limit, signal)
    return ['wasm', 'cpu'].includes(name)
      ? { ...usable, ...speed }
      : { ...usable, ...speed, serviceSeconds: await measureStep(engine, limit / 3, shape) }
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
