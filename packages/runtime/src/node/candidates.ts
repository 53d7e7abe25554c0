import { MsError } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import { openNodeWasmEngine } from './open-wasm-engine.js'

export interface CandidateOptions {
  /** Wanted number of threads. */
  readonly threads: number
  /** See `OpenEngineOptions`. */
  readonly worker?: boolean
  readonly signal?: AbortSignal
}

/** A way to get an engine. */
export interface Candidate {
  readonly name: EngineName
  /** Whether it records functions, so that there are some which it cannot run. Default: false. */
  readonly records?: boolean
  /** @throws `engine.unusable` with the reason in its message */
  open(options: CandidateOptions): Promise<Engine>
}

/** Names that `--backend` knows, quickest first: the order in which `auto` tries them. */
export const engineNames = ['native-gpu', 'traced', 'native', 'webgpu', 'wasm', 'cpu'] as const
export type EngineName = (typeof engineNames)[number]

/** A new engine is a file and a row here. */
export const candidates: readonly Candidate[] = [
  notInThisVersion('native-gpu', 'TensorFlow on an NVIDIA GPU'),
  {
    name: 'traced',
    records: true,
    open: async ({ threads, worker }) => (await import('../traced/node/open-traced-engine.js')).openTracedEngine({ threads, worker }),
  },
  notInThisVersion('native', 'TensorFlow on the CPU'),
  notInThisVersion('webgpu', 'WebGPU in Node'),
  { name: 'wasm', open: openNodeWasmEngine },
  { name: 'cpu', open: () => createEagerEngine({ backend: 'cpu' }) },
]

function notInThisVersion(name: EngineName, what: string): Candidate {
  return {
    name,
    open: async () => {
      throw new MsError('engine.unusable', `${what} is not available in this version`, {
        where: name,
        advice: 'Use --backend auto',
        details: { engine: name, reason: 'not available in this version' },
      })
    },
  }
}
