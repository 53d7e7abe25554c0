import { MsError } from '@ms/core'
import * as tf from '@tensorflow/tfjs-core'

/**
 * Loads a backend's package and initialises it, without making it the active one.
 *
 * @param load loads the package, which registers the backend, and then calls `initialise`
 * @throws `engine.unusable`
 */
export async function startBackend(
  name: string,
  load: (initialise: () => Promise<tf.KernelBackend | undefined>) => Promise<tf.KernelBackend | undefined>,
): Promise<tf.KernelBackend> {
  try {
    const backend = await load(async () => tf.findBackendFactory(name)?.())
    if (!backend) throw new MsError('engine.unusable', `TensorFlow.js has no backend ${name}`, { kind: 'failure' })
    tf.engine().registry[name] = backend
    return backend
  } catch (cause) {
    if (MsError.isInstance(cause)) throw cause
    throw new MsError('engine.unusable', `the ${name} backend does not start: ${reasonOf(cause)}`, {
      where: name,
      kind: 'failure',
      cause,
      details: { engine: name, reason: reasonOf(cause) },
    })
  }
}

/** What is thrown there is not always an Error. */
function reasonOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message
  if (typeof cause === 'object' && cause !== null && 'message' in cause) return String(cause.message)
  return String(cause)
}
