/** Control characters but tab and line break. */
const controls = /(?![\t\n])\p{Cc}/gu

const marker = Symbol.for('ms.error')

/** Whose mistake it is: `input` (bad input or wrong use, exit 2) or `failure` (everything else, exit 1). */
export type ErrorKind = 'input' | 'failure'

export interface MsErrorOptions {
  /** Where it went wrong: a file, `file:line`, or a field. */
  where?: string
  /** What the reader can do about it, as a sentence. */
  advice?: string
  /** Default: `input`. */
  kind?: ErrorKind
  cause?: unknown
  /** Anything a program may want to read from the error. */
  details?: Readonly<Record<string, unknown>>
}

/**
 * The one error of all packages: a stable code, what was wrong, where, and what to do.
 *
 * @example
 * ```ts
 * import { MsError } from '@ms/core'
 * throw new MsError('data.malformed', 'this line is not valid JSON', { where: 'corpus.jsonl:17', advice: 'Mend or delete the line.' })
 * ```
 */
export class MsError extends Error {
  override readonly name = 'MsError'
  /** Stable, dotted, lower case: `checkpoint.truncated`. */
  readonly code: string
  readonly where?: string
  readonly advice?: string
  readonly kind: ErrorKind
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, options: MsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.where = options.where
    this.advice = options.advice
    this.kind = options.kind ?? 'input'
    this.details = options.details ?? {}
    Object.defineProperty(this, marker, { value: true })
  }

  /** True for an MsError of any copy of this package. */
  static isInstance(value: unknown): value is MsError {
    return typeof value === 'object' && value !== null && marker in value
  }

  /** `error[code]: what, where, what to do` */
  format(): string {
    const where = this.where ? `, in ${this.where}` : ''
    const advice = this.advice ? `. ${this.advice}` : ''
    // Names of files may hold what a terminal obeys.
    return `error[${this.code}]: ${this.message}${where}${advice}`.replace(controls, '\ufffd')
  }
}
