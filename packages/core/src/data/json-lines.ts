import { MsError } from '../errors.js'

export interface Line<T> {
  readonly value: T
  /** Counted from 1. */
  readonly number: number
}

const newline = 10

export interface LinesOptions {
  /** Number of the first line, where the bytes are a part of a file. Default: 1. */
  first?: number
}

export interface TextLinesOptions extends LinesOptions {
  /** Give blank lines too. Default: false. */
  blank?: boolean
}

/**
 * The lines of a UTF-8 text, without their ends; blank ones are left out. Works on the bytes, so a file may be larger than the longest string.
 * @throws `data.encoding` naming the line that is not UTF-8
 */
export function* textLines(bytes: Uint8Array, where: string, { blank = false, first = 1 }: TextLinesOptions = {}): Generator<Line<string>> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let start = first === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  for (let number = first; start < bytes.length; number++) {
    const found = bytes.indexOf(newline, start)
    const end = found < 0 ? bytes.length : found
    let text: string
    try {
      text = decoder.decode(bytes.subarray(start, end))
    } catch (cause) {
      throw new MsError('data.encoding', 'this line is not UTF-8 text', {
        where: `${where}:${number}`,
        advice: 'Save the file as UTF-8.',
        cause,
      })
    }
    if (text.endsWith('\r')) text = text.slice(0, -1)
    if (blank || text.trim() !== '') yield { value: text, number }
    start = end + 1
  }
}

/**
 * One JSON object a line.
 * @throws `data.malformed` naming file and line
 */
export function* jsonLines(bytes: Uint8Array, where: string, options: LinesOptions = {}): Generator<Line<Record<string, unknown>>> {
  for (const { value: text, number } of textLines(bytes, where, options)) {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new MsError('data.malformed', `this line is not valid JSON (${(cause as Error).message})`, {
        where: `${where}:${number}`,
        advice: 'One JSON object a line; mend or delete this one.',
        cause,
      })
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new MsError('data.malformed', 'this line is not a JSON object', {
        where: `${where}:${number}`,
        advice: 'Write an object with named fields in each line.',
      })
    }
    yield { value: value as Record<string, unknown>, number }
  }
}
