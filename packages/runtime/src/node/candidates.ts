import type { Engine } from '@ms/core/tensor'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import type { NativeKind } from '../native/node/parts.js'
import { openNodeWasmEngine } from './open-wasm-engine.js'

export interface CandidateOptions {
  /** Wanted number of threads. */
  readonly threads: number
  /** See `OpenEngineOptions`. */
  readonly worker?: boolean
  /** Asked for by its name, and not as the best of many. */
  readonly byName?: boolean
  readonly signal?: AbortSignal
}

/** A way to get an engine. */
export interface Candidate {
  readonly name: EngineName
  /** Whether it records functions, so that there are some which it cannot run. Default: false. */
  readonly records?: boolean
  /** Whether it is there only where somebody installs it or has the device: that it is absent is nothing to tell. Default: false. */
  readonly optional?: boolean
  /** @throws `engine.unusable` with the reason in its message */
  open(options: CandidateOptions): Promise<Engine>
}

/** Names that `--backend` knows, quickest first: the order in which `auto` tries them. */
export const engineNames = ['native-gpu', 'traced', 'native', 'webgpu', 'webgpu-traced', 'webgpu-eager', 'wasm', 'cpu'] as const
export type EngineName = (typeof engineNames)[number]

/** A new engine is a file and a row here. */
export const candidates: readonly Candidate[] = [
  { name: 'native-gpu', optional: true, open: (options) => openNative('native-gpu', options) },
  { name: 'traced', records: true, open: (options) => openTraced(options, 'cpu') },
  { name: 'native', optional: true, open: (options) => openNative('native', options) },
  { name: 'webgpu-traced', records: true, optional: true, open: (options) => openTraced(options, 'webgpu') },
  {
    name: 'webgpu-eager',
    optional: true,
    open: async (options) => (await import('../webgpu/node/open-webgpu-engine.js')).openWebGpuEngine(options),
  },
  { name: 'wasm', open: openNodeWasmEngine },
  { name: 'cpu', open: () => createEagerEngine({ backend: 'cpu' }) },
]

async function openTraced({ threads, worker }: CandidateOptions, device: 'cpu' | 'webgpu'): Promise<Engine> {
  return (await import('../traced/node/open-traced-engine.js')).openTracedEngine({ threads, worker, device })
}

async function openNative(kind: NativeKind, options: CandidateOptions): Promise<Engine> {
  return (await import('../native/node/open-native-engine.js')).openNativeEngine({ kind, ...options })
}

/** Whether a name that `--backend` is given means this engine. `webgpu` means either way to it. */
export const stands = (asked: EngineName, name: EngineName): boolean => asked === name || (asked === 'webgpu' && name.startsWith('webgpu-'))
