import { join } from 'node:path'
import { assertFinite, MsError, vectors } from '@ms/core'
import { z } from 'zod'
import { type ExactVectorIndex, exactVectorIndexFrom } from '../vector/exact-vector-index.js'
import {
  bytesOf,
  envelope,
  malformed,
  readChecked,
  readManifest,
  readTexts,
  replaceChecked,
  textBytes,
  writeChecked,
} from './checked-directory.js'

const format = 'ms-vector-index'
const version = 1
const idsName = 'ids.json'
const vectorsName = 'vectors.f32'

const schema = envelope.extend({
  format: z.literal(format),
  version: z.literal(version),
  dim: z.number().int().positive(),
  metric: z.enum(['cosine', 'dot', 'l2']),
  count: z.number().int().nonnegative(),
  space: z.string().optional(),
})

export interface OpenVectorIndexOptions {
  /** Space of the embedder that will ask: an index of another one is refused. */
  space?: string
}

/** Writes the files into a directory that is there. Returns the bytes of its manifest. */
export function writeVectorIndex(directory: string, index: ExactVectorIndex): Promise<Uint8Array> {
  const { ids, vectors: all, metric, space } = index.snapshot()
  const fields = { format, version, dim: all.dim, metric, count: ids.length, ...(space === undefined ? {} : { space }) }
  return writeChecked(directory, fields, { [vectorsName]: bytesOf(all.data), [idsName]: textBytes(ids) })
}

/**
 * Saves an exact index as a directory: `vectors.f32` (row-major, little-endian), `ids.json`, `manifest.json` with lengths and
 * SHA-256. What was there is replaced in one step.
 * @throws `file.unwritable`; `index.occupied` when the path holds something else
 */
export async function saveVectorIndex(path: string, index: ExactVectorIndex): Promise<void> {
  await replaceChecked(path, format, (temporary) => writeVectorIndex(temporary, index))
}

/**
 * Opens what `saveVectorIndex` wrote, after checking all of it.
 * @throws `index.missing`, `index.malformed`, `index.truncated`, `index.checksum`, `index.space`
 */
export async function openVectorIndex(path: string, { space }: OpenVectorIndexOptions = {}): Promise<ExactVectorIndex> {
  const manifest = await readManifest(path, schema)
  if (space !== undefined && manifest.space !== undefined && manifest.space !== space) {
    throw new MsError('index.space', 'the vectors were made by another embedder than the one that is to ask', {
      where: path,
      advice: 'Use the model that the index was made with, or embed the documents again.',
      details: { index: manifest.space, embedder: space },
    })
  }
  const { dim, metric, count } = manifest
  const ids = await readTexts(path, manifest, idsName)
  const bytes = await readChecked(path, manifest, vectorsName)
  if (ids.length !== count || bytes.byteLength !== count * dim * 4) {
    throw malformed(path, `${ids.length} ids and ${bytes.byteLength} bytes are not ${count} vectors of ${dim}`)
  }
  if (ids.includes('')) throw malformed(join(path, idsName), 'an id is empty')
  const all = vectors(new Float32Array(bytes.buffer), count, dim)
  assertFinite(all, ids)
  return exactVectorIndexFrom(
    { ids, vectors: all, metric },
    { dim, metric, ...(manifest.space === undefined ? {} : { space: manifest.space }) },
  )
}
