import type { Engine } from '@ms/core/tensor'
import { EagerEngine } from '../../eager/eager-engine.js'
import { type NativeBackendOptions, openNativeBackend } from './native-backend.js'

/**
 * An engine that runs functions op by op on TensorFlow itself, on the processor or on a GPU.
 *
 * @throws `engine.unusable` where `ms doctor --install` has not built it, or there is no GPU for `native-gpu`
 */
export async function openNativeEngine(options: NativeBackendOptions): Promise<Engine> {
  return new EagerEngine(await openNativeBackend(options))
}
