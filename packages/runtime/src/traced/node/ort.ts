import { createRequire } from 'node:module'
import { MsError } from '@ms/core'
import type { InferenceSession } from 'onnxruntime-node'
import { whatIsWrongWith } from './check-ort.js'

export type Ort = typeof import('onnxruntime-node')

const firstLine = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]

/**
 * ONNX Runtime for Node (since 1.30) keeps a device's number in the home folder and tells Microsoft what sessions do, unless this is set before
 * it is loaded. Who has set it keeps it. In a thread made by the caller it must be set where the process starts: only the main thread's
 * `process.env` is what native code reads.
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
}

/** @throws `engine.unusable`: onnxruntime-node is an optional dependency, and may be there without its binary */
export async function importOrt(): Promise<Ort> {
  refuseTelemetry()
  try {
    resolveOrt()
  } catch (error) {
    // Where no main module is found by require, import says what it misses.
    if (MsError.isInstance(error)) throw error
  }
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    throw unusable(cause)
  }
}

/** The path of its main module. @throws `engine.unusable` where it is old or not whole, and what `require.resolve` throws */
export function resolveOrt(): string {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node')
  const wrong = whatIsWrongWith(path)
  if (wrong !== undefined) throw unusable(wrong)
  return path
}

export const unusable = (cause: unknown): MsError =>
  new MsError('engine.unusable', `onnxruntime-node cannot be loaded: ${firstLine(cause)}`, {
    advice: 'Install it anew: npm install onnxruntime-node. Its install script is not needed.',
    kind: 'failure',
    cause,
  })

/** Where ONNX Runtime computes. What a device cannot do, the processor does. */
export type OrtDevice = 'cpu' | 'webgpu'

export interface OrtRuntimeOptions {
  readonly threads: number
  /** Default: `cpu`. */
  readonly device?: OrtDevice
}

/** @param hold outputs that stay on the device */
export const sessionOptions = (
  { threads, device = 'cpu' }: OrtRuntimeOptions,
  hold: readonly string[] = [],
): InferenceSession.SessionOptions => ({
  ...(device === 'cpu' || hold.length === 0
    ? {}
    : { preferredOutputLocation: Object.fromEntries(hold.map((name) => [name, 'gpu-buffer' as const])) }),
  executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  // Memory planned for one shape is of no use for the next, and larger; spinning threads take time from everyone else.
  enableMemPattern: false,
  logSeverityLevel: 3,
  extra: { session: { 'intra_op.allow_spinning': '0' } },
})

/** What is being done where a recorded graph is handed to ONNX Runtime. */
export const loadingGraph = 'loading a recorded graph'

/**
 * ONNX Runtime's error as ours: `engine.out-of-memory`, `engine.op-unsupported` where it has no operator for the types of a recorded graph, or
 * `engine.failed`.
 */
export function failure(what: string, cause: unknown): MsError {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (/bad.?alloc|failed to allocate|out of memory/i.test(message)) {
    return new MsError('engine.out-of-memory', `${what} needs more memory than there is`, {
      advice: 'Lower the batch size, or the length of texts.',
      kind: 'failure',
      cause,
    })
  }
  if (what === loadingGraph && /is an invalid model|not find an implementation/i.test(message)) {
    return new MsError('engine.op-unsupported', `ONNX Runtime cannot compute what was recorded: ${message}`, { kind: 'failure', cause })
  }
  return new MsError('engine.failed', `${what} failed: ${message}`, { kind: 'failure', cause })
}
