import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os'
import type { Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { bertShapedStep } from '../diagnosis/bert-shaped-step.js'
import { hasSimd } from '../eager/wasm/simd/simd-module.js'
import { type Candidate, candidates } from './candidates.js'
import { threadsWanted, tryCandidate } from './open-engine.js'

export interface DiagnoseOptions {
  /** As in `openEngine`. */
  readonly threads?: number
  /** Time each usable engine, some seconds in all. Default: true. */
  readonly measure?: boolean
  readonly signal?: AbortSignal
  readonly candidates?: readonly Candidate[]
}

export interface EngineDiagnosis {
  readonly name: string
  /** Whether it opened and computed a known result. */
  readonly usable: boolean
  /** Why not. */
  readonly reason?: string
  /** Granted, which may be fewer than wanted. */
  readonly threads?: number
  /** Seconds to open it and prove it. */
  readonly startSeconds?: number
  /** Thousand million floating point operations a second in float32 products of 512 × 512 matrices. */
  readonly gflops?: number
  /** Seconds of one training step of a small transformer: 2 layers, 128 wide, 4 texts of 16 tokens. */
  readonly stepSeconds?: number
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
  for (const candidate of options.candidates ?? candidates) {
    options.signal?.throwIfAborted()
    engines.push(await diagnoseEngine(candidate, { threads, signal: options.signal, measure: options.measure ?? true }))
  }
  const best = engines.find(({ usable }) => usable)
  return {
    node: process.version,
    tensorflow: tf.version_core,
    system: `${platform()} ${arch()}`,
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', processors: availableParallelism() },
    memory: { total: totalmem(), free: freemem() },
    simd: hasSimd(),
    threadsWanted: threads,
    engines,
    ...(best && { best: best.name }),
    advice: adviceFor(engines, best),
  }
}

async function diagnoseEngine(
  candidate: Candidate,
  { threads, signal, measure }: { threads: number; signal?: AbortSignal; measure: boolean },
): Promise<EngineDiagnosis> {
  const { name } = candidate
  const started = performance.now()
  const opened = await tryCandidate(candidate, { threads, signal })
  if ('error' in opened) return { name, usable: false, reason: opened.error.message }
  const { engine } = opened
  const startSeconds = (performance.now() - started) / 1000
  try {
    const usable = { name, usable: true, threads: engine.threads, startSeconds }
    return measure ? { ...usable, gflops: await measureProducts(engine), stepSeconds: await measureStep(engine) } : usable
  } catch (error) {
    return { name, usable: false, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await engine.dispose()
  }
}

/** The quickest of the calls that fit into about a second, in seconds, after one that does not count. */
async function quickest(call: () => Promise<unknown>): Promise<number> {
  await call()
  const began = performance.now()
  let best = Number.POSITIVE_INFINITY
  while (performance.now() - began < 1000) {
    const before = performance.now()
    await call()
    best = Math.min(best, (performance.now() - before) / 1000)
  }
  return best
}

async function measureProducts(engine: Engine): Promise<number> {
  const size = 512
  const products = 2
  const matrix = (): HostTensor<Float32Array> => ({
    shape: [size, size],
    // Of such a size that the numbers neither grow nor fade from product to product.
    data: Float32Array.from({ length: size * size }, (_, at) => (at % 7 < 3 ? 1 : -1) / Math.sqrt(size)),
  })
  const compiled = await engine.compile(
    (weights, { x }) => {
      let y = x
      for (let at = 0; at < products; at++) y = tf.matMul(y, weights.get('w'))
      return { y }
    },
    { constants: new Map([['w', matrix()]]) },
  )
  const x = matrix()
  const seconds = await quickest(() => compiled.run({ x }))
  compiled.dispose()
  return (products * 2 * size ** 3) / seconds / 1e9
}

async function measureStep(engine: Engine): Promise<number> {
  const { fn, parameters, inputs } = bertShapedStep({ layers: 2, width: 128, heads: 4, inner: 512, vocabulary: 500, batch: 4, tokens: 16 })
  const step = await engine.differentiate(fn, { constants: new Map(), trainable: [...parameters.keys()] })
  const seconds = await quickest(() => step.run(inputs, parameters))
  step.dispose()
  return seconds
}

function adviceFor(engines: readonly EngineDiagnosis[], best: EngineDiagnosis | undefined): string {
  if (!best) return 'No engine works here: install Node 20.19 or later and the dependencies of @ms/runtime again.'
  const traced = engines.find(({ name }) => name === 'traced')
  if (best.name === 'cpu') return 'Only plain JavaScript works here, which is far too slow to train with: see why wasm does not start.'
  if (best.name === 'wasm' && traced && !traced.usable) {
    return 'The portable engine is used: install onnxruntime-node (no install script needed) for one several times as fast.'
  }
  if (best.threads === 1 && availableParallelism() > 1) {
    return `${best.name} runs on one thread: --threads ${availableParallelism()} (or MS_THREADS) uses all processors.`
  }
  return `Nothing to do: ${best.name} is the quickest engine of this version that works here.`
}
