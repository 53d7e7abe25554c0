import { MsError } from '@ms/core'

/** What backends say when there is no more room. The last is TensorFlow's, of a copy to a GPU that is full. */
const outOfMemory =
  /\bOOM\b|out of memory|out_of_memory|bad.?alloc|failed to allocate|allocation failed|cannot enlarge memory|resource exhausted|Dst tensor is not initialized/i

/** What they say when the device itself has gone. */
const deviceLost =
  /device (was|is|has been)? ?lost|lost device|CUDA_ERROR_(LAUNCH_FAILED|ILLEGAL_ADDRESS|DEVICE_UNAVAILABLE|NO_DEVICE|ECC_UNCORRECTABLE|UNKNOWN|DEINITIALIZED|SYSTEM)|failed to (query|poll|synchronize) .*event|fallen off the bus/i

/**
 * An error of a backend as ours, where it is about memory or the device: `engine.out-of-memory`, `engine.device-lost`. Any
 * other comes back as it is.
 */
export function backendFailure(engine: string, cause: unknown): unknown {
  if (MsError.isInstance(cause)) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  const options = { where: engine, kind: 'failure', cause, details: { engine } } as const
  if (outOfMemory.test(message)) {
    return new MsError('engine.out-of-memory', `the ${engine} engine needs more memory than there is`, {
      ...options,
      advice: 'Lower the batch size, or the number of tokens or pixels.',
    })
  }
  if (deviceLost.test(message)) {
    return new MsError('engine.device-lost', `the device of the ${engine} engine has gone: ${message.split('\n')[0]}`, {
      ...options,
      advice: 'Start again; if it happens again, use --backend traced.',
    })
  }
  return cause
}
