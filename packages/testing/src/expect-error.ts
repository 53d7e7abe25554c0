import { MsError } from '@ms/core'
import { expect } from 'vitest'

/** The promise must be rejected with an MsError: a code and a sentence. */
export async function expectError(promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  expect(MsError.isInstance(error), `an MsError, not ${error === undefined ? 'success' : String(error)}`).toBe(true)
  if (MsError.isInstance(error)) {
    expect(error.code).toMatch(/^[a-z0-9]+([.-][a-z0-9]+)+$/)
    expect(error.message).not.toBe('')
  }
}
