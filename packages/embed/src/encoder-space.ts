import type { Encoder } from '@ms/core/tensor'
import { sha256 } from './sha256.js'

/** What an embedder does to an encoder's vectors. */
export interface SpaceOptions {
  /** Components that are kept. Default: all. */
  truncateDim?: number
  /** Default: false. */
  normalize?: boolean
  /** Default: `float32`. */
  precision?: string
}

/** An encoder that can say what decides about its vectors. */
export interface Describable {
  /** Anything JSON: configuration of the network, tokeniser, pooling, prompts. Never where it was loaded from. */
  readonly fingerprint: unknown
  /** What `encoderIdentity` says, where it is known already. */
  readonly identity?: string
}

/**
 * The name of the space an encoder's vectors lie in: 64 hexadecimal digits, the SHA-256 over weights, configuration, tokeniser, pooling,
 * prompts and what is done to the vectors afterwards. The same model gives the same name wherever it was loaded from; another weight,
 * another prompt, another width gives another.
 */
export async function encoderSpace(
  encoder: Pick<Encoder, 'dim' | 'parameters'> & Partial<Describable>,
  { truncateDim = encoder.dim, normalize = false, precision = 'float32' }: SpaceOptions = {},
): Promise<string> {
  const identity = encoder.identity ?? (await encoderIdentity(encoder))
  return sha256(new TextEncoder().encode(canonicalJson({ version: 2, identity, truncateDim, normalize, precision })))
}

/** The part of a space's name that is the encoder's own: the SHA-256 over weights, configuration, tokeniser, pooling and prompts. */
export async function encoderIdentity(encoder: Pick<Encoder, 'dim' | 'parameters'> & Partial<Describable>): Promise<string> {
  const names = [...encoder.parameters.keys()].sort()
  // A digest for each weight, so that a large model is never copied into one piece.
  const weights: string[] = []
  for (const name of names) {
    const { shape, data } = encoder.parameters.get(name) as { shape: readonly number[]; data: Float32Array }
    weights.push(`${name} [${shape.join(', ')}] ${await sha256(littleEndian(data))}`)
  }
  const description = { fingerprint: encoder.fingerprint ?? null, dim: encoder.dim, weights }
  return sha256(new TextEncoder().encode(canonicalJson(description)))
}

/** JSON with keys in order and no spaces: equal values give equal texts. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(',')}]`
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  // A vocabulary has tens of thousands of keys: no array for each.
  const fields = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] !== undefined) text += `${text && ','}${JSON.stringify(key)}:${canonicalJson(fields[key])}`
  }
  return `{${text}}`
}

function littleEndian(data: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  const isLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
  if (isLittle) return bytes
  const swapped = bytes.slice()
  for (let i = 0; i < swapped.length; i += 4) swapped.subarray(i, i + 4).reverse()
  return swapped
}
