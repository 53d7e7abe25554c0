import { createHash } from 'node:crypto'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MsError } from '@ms/core'
import { replaceDirectory, writeFileAtomic } from '@ms/core/node'
import { z } from 'zod'

/** Name → what must be in it. */
const files = z.record(z.string(), z.object({ bytes: z.number().int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))

/** Every manifest begins so: what the directory is, in which version of its layout, and what its files must be. */
export const envelope = z.object({ format: z.string(), version: z.number().int().positive(), files })
export type Envelope = z.infer<typeof envelope>

const manifestName = 'manifest.json'
const rebuild = 'Make the index again from its documents, or restore the directory from a copy.'
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/**
 * Writes files and, last, a manifest that names their lengths and checksums and carries one of its own.
 * Returns the manifest's name and bytes for the manifest of a directory above.
 */
export async function writeChecked(
  directory: string,
  fields: { format: string; version: number } & Record<string, unknown>,
  contents: Readonly<Record<string, Uint8Array>>,
): Promise<Uint8Array> {
  const entries: Envelope['files'] = {}
  for (const [name, bytes] of Object.entries(contents)) {
    await writeFileAtomic(join(directory, name), bytes)
    entries[name] = { bytes: bytes.byteLength, sha256: sha256(bytes) }
  }
  const manifest = { ...fields, files: entries }
  const text = `${JSON.stringify({ ...manifest, sha256: sha256(JSON.stringify(manifest)) }, null, 2)}\n`
  const bytes = new TextEncoder().encode(text)
  await writeFileAtomic(join(directory, manifestName), bytes)
  return bytes
}

/** Replaces the directory whole. @throws `index.occupied` when something else is there; `file.unwritable` */
export async function replaceChecked(path: string, format: string, fill: (temporary: string) => Promise<unknown>): Promise<void> {
  const present = await readdir(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw new MsError('index.occupied', 'there is something else that is no directory', {
      where: path,
      advice: 'Choose another path.',
      cause,
    })
  })
  if (present.length > 0 && !(await holdsFormat(path, format))) {
    throw new MsError('index.occupied', `the directory is not empty and is no ${format}`, {
      where: path,
      advice: 'Choose a new path, so that nothing of yours is replaced.',
    })
  }
  await replaceDirectory(path, async (temporary) => {
    await fill(temporary)
  })
}

/** Even a damaged one of ours may be replaced. */
async function holdsFormat(path: string, format: string): Promise<boolean> {
  const text = await readFile(join(path, manifestName), 'utf8').catch(() => '')
  return text.includes(`"format": ${JSON.stringify(format)}`)
}

/** @throws `index.missing`, `index.malformed`, `index.checksum` */
export async function readManifest<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const where = join(path, manifestName)
  const text = await readFile(where, 'utf8').catch((cause: unknown) => {
    throw new MsError('index.missing', 'there is no manifest.json: this is no saved index', {
      where: path,
      advice: 'Check the path.',
      cause,
    })
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new MsError('index.malformed', 'the manifest is not valid JSON', { where, advice: rebuild, cause })
  }
  const { sha256: expected, ...rest } = z.looseObject({ sha256: z.string().optional() }).catch({}).parse(value)
  const result = schema.safeParse(rest)
  if (!result.success) {
    const [issue] = result.error.issues
    throw new MsError('index.malformed', `the manifest is not right: ${issue.path.join('.') || 'it'}: ${issue.message}`, {
      where,
      advice: 'Open it with the version of @ms/index that wrote it, or make the index again.',
    })
  }
  if (expected !== sha256(JSON.stringify(rest))) {
    throw new MsError('index.checksum', 'the manifest was changed after it was written', { where, advice: rebuild })
  }
  return result.data
}

/** The bytes of a file that the manifest names. @throws `index.missing`, `index.truncated`, `index.checksum` */
export async function readChecked(path: string, { files }: Envelope, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const where = join(path, name)
  const expected = Object.hasOwn(files, name) ? files[name] : undefined
  if (!expected) throw new MsError('index.malformed', `the manifest does not name ${name}`, { where: path, advice: rebuild })
  const size = await stat(where).then(
    (found) => found.size,
    (cause: unknown) => {
      throw new MsError('index.missing', 'the file is not there', { where, advice: rebuild, cause })
    },
  )
  if (size !== expected.bytes) {
    throw new MsError('index.truncated', `the file has ${size} bytes instead of ${expected.bytes}`, { where, advice: rebuild })
  }
  const bytes = new Uint8Array(size)
  const hash = createHash('sha256')
  const handle = await open(where, 'r')
  try {
    // In parts: one read gives at most 2 GiB.
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 1 << 26), at)
      if (bytesRead === 0) throw new MsError('index.truncated', 'the file became shorter while it was read', { where, advice: rebuild })
      hash.update(bytes.subarray(at, at + bytesRead))
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
  if (hash.digest('hex') !== expected.sha256) {
    throw new MsError('index.checksum', 'the file was changed after it was written', { where, advice: rebuild })
  }
  return bytes
}

/** A JSON list of texts. @throws `index.malformed` */
export async function readTexts(path: string, manifest: Envelope, name: string): Promise<string[]> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(await readChecked(path, manifest, name)))
  } catch (cause) {
    if (MsError.isInstance(cause)) throw cause
  }
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string') && new Set(value).size === value.length) {
    return value
  }
  throw malformed(join(path, name), 'this is not a JSON list of different texts')
}

export const malformed = (where: string, what: string): MsError => new MsError('index.malformed', what, { where, advice: rebuild })
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)
export const textBytes = (texts: readonly string[]): Uint8Array => new TextEncoder().encode(JSON.stringify(texts))
