import { setTimeout as delay } from 'node:timers/promises'
import { MsError } from '@ms/core'

export interface HubConnection {
  /** `https://huggingface.co` or a mirror, without a slash at the end. */
  readonly endpoint: string
  readonly token?: string
  readonly signal?: AbortSignal
  /** Milliseconds without an answer or without a byte, after which a try counts as failed. */
  readonly patience: number
  /** Tries in all. */
  readonly tries: number
}

/** Something that may be better at the next try. Never leaves this folder. */
export class PassingTrouble extends Error {}

/** 1 s, 2 s, 4 s … between tries, scaled with the patience so that impatient callers do not wait either. */
const pause = (attempt: number, { patience, signal }: HubConnection) =>
  delay(Math.min(1000, patience / 30) * 2 ** attempt, undefined, { signal })

/**
 * Runs `attempt` until it succeeds, as often as the connection allows; an MsError and an abort end it at once.
 * @throws `hub.unreachable`
 */
export async function withRetries<T>(what: string, connection: HubConnection, attempt: () => Promise<T>): Promise<T> {
  let last: unknown
  for (let i = 0; i < connection.tries; i++) {
    if (i > 0) await pause(i - 1, connection)
    try {
      return await attempt()
    } catch (error) {
      connection.signal?.throwIfAborted()
      if (MsError.isInstance(error)) throw error
      last = error
    }
  }
  throw unreachable(what, connection.endpoint, last)
}

/** The error for what is neither in the cache nor to be had. */
export function unreachable(what: string, endpoint: string, cause?: unknown): MsError {
  return new MsError('hub.unreachable', `${what} is not in the cache, and ${endpoint} cannot be reached${reason(cause)}`, {
    where: what,
    advice:
      'Check the network (and HF_ENDPOINT, if you use a mirror), or fetch the model on another machine and name its folder instead. ' +
      'The embedded model needs no network.',
    kind: 'failure',
    cause,
  })
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return ''
  return ` (${cause.cause instanceof Error ? cause.cause.message : cause.message})`
}

/** The JSON that the hub answers with, undefined where it is none. @throws as `withRetries` and `requestOnce` */
export async function hubJson(path: string, connection: HubConnection, what: string): Promise<unknown> {
  const bytes = await withRetries(what, connection, async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of patiently(await requestOnce(path, connection, what), connection)) chunks.push(chunk)
    return Buffer.concat(chunks)
  })
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/** @throws `hub.not-found`, `hub.forbidden`; other failures as the errors of fetch */
export async function requestOnce(
  path: string,
  connection: HubConnection,
  what: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { endpoint, token, signal, patience } = connection
  const impatient = new AbortController()
  const timer = setTimeout(() => impatient.abort(new PassingTrouble(`no answer within ${patience} ms`)), patience)
  try {
    const response = await fetch(endpoint + path, {
      headers: { 'user-agent': 'model-tuned-search', ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      signal: signal ? AbortSignal.any([signal, impatient.signal]) : impatient.signal,
    })
    if (response.ok || response.status === 416) return response
    await response.body?.cancel()
    throw refusal(response.status, what, endpoint, token !== undefined)
  } finally {
    clearTimeout(timer)
  }
}

function refusal(status: number, what: string, where: string, hasToken: boolean): Error {
  if (status === 404) {
    return new MsError('hub.not-found', `the hub has no ${what}`, {
      where,
      advice: 'Check the spelling of organisation, name and revision.',
    })
  }
  if (status === 401 || status === 403) {
    return new MsError('hub.forbidden', `the hub does not hand out ${what} (${status})`, {
      where,
      advice: hasToken
        ? 'Check the name, and on its page whether your account may read it.'
        : 'Check the name. If the model is private or its terms must be accepted, set HF_TOKEN to a token of an account that may read it.',
    })
  }
  // A passing trouble of the server: no MsError, so that it is tried again.
  return new PassingTrouble(`it answered ${status}`)
}

/** The body's chunks; a failure when none comes for too long. */
export async function* patiently(response: Response, { patience, signal }: HubConnection): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new PassingTrouble(`no data for ${patience} ms`)), patience)
      })
      const { done, value } = await Promise.race([reader.read(), late]).finally(() => clearTimeout(timer))
      signal?.throwIfAborted()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
