import type { Engine } from '@ms/core/tensor'
import { openCpuBackend } from './cpu-backend.js'
import { EagerEngine } from './eager-engine.js'
import { openWasmBackend, type WasmBackendOptions } from './wasm/wasm-backend.js'

export interface EagerEngineOptions extends WasmBackendOptions {
  readonly backend: 'wasm' | 'cpu'
}

/**
 * An engine that runs functions op by op on a TensorFlow.js backend.
 *
 * @throws `engine.unusable` with the reason
 */
export async function createEagerEngine(options: EagerEngineOptions): Promise<Engine> {
  return new EagerEngine(options.backend === 'cpu' ? await openCpuBackend() : await openWasmBackend(options))
}
