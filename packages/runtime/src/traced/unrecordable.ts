import { MsError } from '@ms/core'

const codes = new Set(['engine.op-unsupported', 'engine.value-read', 'engine.not-deterministic'])

/** Whether an engine said that it cannot record a function, which may be run op by op all the same. */
export const isUnrecordable = (error: unknown): error is MsError => MsError.isInstance(error) && codes.has(error.code)
