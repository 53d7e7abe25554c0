/**
 * What libtensorflow reads from the environment when it is loaded. What the user has set himself stays.
 *
 * @param threads for one computation
 */
export function nativeEnvironment(threads: number, environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const wanted = {
    // Errors only: it is talkative.
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    // Else it takes nearly all memory of the GPU at its first op.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  }
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => environment[name] === undefined))
}
