import { MsError } from '@ms/core'
import { z } from 'zod'
import type { CheckpointDtype } from './checkpoint-tensor.js'

/** Longest header that is read, in bytes: the limit of the reference implementation. */
const maxHeaderBytes = 100_000_000

export const bytesPerElement: Readonly<Record<CheckpointDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

export interface TensorEntry {
  readonly name: string
  readonly dtype: CheckpointDtype
  readonly shape: readonly number[]
  /** First and last + 1 byte, counted from the start of the data. */
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly entries: readonly TensorEntry[]
  readonly metadata: Readonly<Record<string, string>>
  /** Where the data starts in the file. */
  readonly dataStart: number
}

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
const entrySchema = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) })
const metadataSchema = z.record(z.string(), z.string())

const damaged = 'The file is damaged or was not downloaded to the end; fetch it again.'

/**
 * Reads and checks the header of a safetensors file against the bytes that are there: each byte of the data belongs to
 * exactly one tensor, and each tensor has as many bytes as its shape says.
 *
 * @throws `checkpoint.truncated`, `checkpoint.header`, `checkpoint.duplicate`, `checkpoint.dtype`, `checkpoint.size`,
 *   `checkpoint.bounds`, `checkpoint.overlap`, `checkpoint.gap`
 */
export function readSafetensorsHeader(bytes: Uint8Array, where: string): SafetensorsHeader {
  const fail = (code: string, message: string, advice = damaged): never => {
    throw new MsError(`checkpoint.${code}`, message, { where, advice })
  }
  if (bytes.length < 8) fail('truncated', `the file has ${bytes.length} bytes, and a checkpoint at least 8`)
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (declared > BigInt(maxHeaderBytes)) {
    fail('header', `the header claims ${declared} bytes, more than the ${maxHeaderBytes} allowed`, notSafetensors(bytes))
  }
  const length = Number(declared)
  if (length > bytes.length - 8) fail('truncated', `the header claims ${length} bytes, but only ${bytes.length - 8} follow`)

  const text = decodeUtf8(bytes.subarray(8, 8 + length), where)
  const json = parseObject(text, where)
  const twice = firstDuplicateKey(text)
  if (twice !== undefined) fail('duplicate', `the header names tensor ${twice} twice`)

  let metadata: Record<string, string> = {}
  const entries: TensorEntry[] = []
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      const parsed = metadataSchema.safeParse(value)
      if (!parsed.success) fail('header', '__metadata__ must be an object of texts')
      else metadata = parsed.data
      continue
    }
    const parsed = entrySchema.safeParse(value)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw new MsError('checkpoint.header', `tensor ${name}: ${issue.path.join('.') || 'entry'}: ${issue.message}`, {
        where,
        advice: damaged,
      })
    }
    const { dtype, shape, data_offsets: offsets } = parsed.data
    if (!isDtype(dtype)) {
      throw new MsError('checkpoint.dtype', `tensor ${name} has the number type ${dtype}`, {
        where,
        advice: `Save it as one of ${Object.keys(bytesPerElement).join(', ')}.`,
      })
    }
    entries.push({ name, dtype, shape, begin: offsets[0], end: offsets[1] })
  }
  checkExtents(entries, bytes.length - 8 - length, fail)
  return { entries, metadata, dataStart: 8 + length }
}

function checkExtents(entries: readonly TensorEntry[], available: number, fail: (code: string, message: string) => never): void {
  for (const { name, dtype, shape, begin, end } of entries) {
    if (end < begin) fail('bounds', `tensor ${name} ends (${end}) before it begins (${begin})`)
    const size = shape.reduce((product, n) => product * n, bytesPerElement[dtype])
    if (size !== end - begin)
      fail('size', `tensor ${name}, ${dtype} [${shape.join(', ')}], needs ${size} bytes, its offsets give ${end - begin}`)
    if (end > available) fail('truncated', `tensor ${name} ends at byte ${end} of the data, but there are ${available}`)
  }
  let covered = 0
  let before = ''
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) fail('overlap', `tensors ${before} and ${name} share bytes`)
    if (begin > covered) fail('gap', `bytes ${covered} to ${begin} of the data, before tensor ${name}, belong to no tensor`)
    covered = end
    before = name
  }
  if (covered !== available) fail('gap', `the last ${available - covered} bytes of the data belong to no tensor`)
}

const isDtype = (text: string): text is CheckpointDtype => Object.hasOwn(bytesPerElement, text)

function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new MsError('checkpoint.header', 'the header is not UTF-8', { where, advice: notSafetensors(bytes), cause })
  }
}

function parseObject(text: string, where: string): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new MsError('checkpoint.header', 'the header is not valid JSON', { where, advice: damaged, cause })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new MsError('checkpoint.header', 'the header is not a JSON object', { where, advice: damaged })
  }
  // The null prototype lets a tensor be called __proto__ without harm.
  return Object.assign(Object.create(null), json)
}

/** What the first bytes look like, when they cannot be a safetensors header. */
function notSafetensors(bytes: Uint8Array): string {
  const start = String.fromCharCode(...bytes.subarray(0, 8))
  if (start.startsWith('version')) return 'This is a Git LFS pointer: fetch the file itself (git lfs pull).'
  if (start.startsWith('PK')) return 'This looks like a PyTorch file (zip): call it pytorch_model.bin.'
  if (start.startsWith('<')) return 'This looks like a web page, not a checkpoint: fetch the file again.'
  return 'This is probably neither a safetensors file nor one that torch.save wrote.'
}

/** JSON.parse silently keeps the last of two equal keys; a checkpoint with two is a lie about one of them. `text` is valid JSON. */
function firstDuplicateKey(text: string): string | undefined {
  const seen = new Set<string>()
  let depth = 0
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') {
      const start = i
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
      if (expectKey && depth === 1) {
        const key: string = JSON.parse(text.slice(start, i + 1))
        if (seen.has(key)) return key
        seen.add(key)
      }
      expectKey = false
    } else if (c === '{' || c === '[') {
      depth++
      expectKey = c === '{'
    } else if (c === '}' || c === ']') depth--
    else if (c === ',') expectKey = depth === 1
  }
  return undefined
}
