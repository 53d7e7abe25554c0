import type { Engine } from '@ms/core/tensor'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import type { CandidateOptions } from './candidates.js'
import { nodeWasmHost } from './wasm-host.js'

/** @throws `engine.unusable` */
export function openNodeWasmEngine({ threads }: CandidateOptions): Promise<Engine> {
  return createEagerEngine({ backend: 'wasm', threads, host: nodeWasmHost })
}
