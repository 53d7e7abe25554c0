import { MsError } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import { probeEngine } from '../engine-probe.js'
import type { Candidate, CandidateOptions } from './candidates.js'

/** Opens one candidate and lets it prove itself. What is not an abort comes back as `engine.unusable`. */
export async function tryCandidate(candidate: Candidate, options: CandidateOptions): Promise<{ engine: Engine } | { error: MsError }> {
  let engine: Engine | undefined
  try {
    engine = await candidate.open(options)
    await probeEngine(engine)
    return { engine }
  } catch (cause) {
    await engine?.dispose()
    options.signal?.throwIfAborted()
    if (MsError.isInstance(cause) && cause.code === 'engine.unusable') return { error: cause }
    const reason = cause instanceof Error ? cause.message : String(cause)
    return {
      error: new MsError('engine.unusable', `the ${candidate.name} engine does not work here: ${reason}`, {
        where: candidate.name,
        kind: 'failure',
        cause,
        details: { engine: candidate.name, reason },
      }),
    }
  }
}
