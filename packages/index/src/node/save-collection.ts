import { join } from 'node:path'
import { type Document, MsError, readDocuments } from '@ms/core'
import { z } from 'zod'
import type { Bm25Index } from '../lexical/bm25-index.js'
import type { ExactVectorIndex } from '../vector/exact-vector-index.js'
import { bytesOf, envelope, malformed, readChecked, readManifest, replaceChecked, writeChecked } from './checked-directory.js'
import { type OpenLexicalIndexOptions, openLexicalIndex, writeLexicalIndex } from './save-lexical-index.js'
import { type OpenVectorIndexOptions, openVectorIndex, writeVectorIndex } from './save-vector-index.js'

const format = 'ms-collection'
const version = 1
const documentsName = 'documents.jsonl'
const [vectorsName, lexicalName] = ['vectors', 'lexical']

const schema = envelope.extend({
  format: z.literal(format),
  version: z.literal(version),
  generation: z.number().int().positive(),
  documents: z.number().int().nonnegative(),
  /** Of the embedder that made the vectors. */
  space: z.string().optional(),
  dim: z.number().int().positive().optional(),
  metric: z.enum(['cosine', 'dot', 'l2']).optional(),
  analyzer: z.string().optional(),
  /** Where the embedder comes from: a preset, a hub id, a directory. */
  model: z.string().optional(),
  /** What the one who saved it wants back, such as the fusion weight. */
  settings: z.record(z.string(), z.json()),
})

/** What a collection says of itself. */
export type CollectionManifest = z.infer<typeof schema>

export interface CollectionContents {
  documents: Iterable<Document>
  vectorIndex?: ExactVectorIndex
  lexicalIndex?: Bm25Index
  /** Where the embedder comes from, for the one who opens it. */
  model?: string
  /** Plain JSON that is handed back at opening. Default: nothing. */
  settings?: CollectionManifest['settings']
  /** Default: 1. */
  generation?: number
}

export interface Collection {
  /** By id, in the order in which they were saved. */
  readonly documents: ReadonlyMap<string, Document>
  readonly vectorIndex?: ExactVectorIndex
  readonly lexicalIndex?: Bm25Index
  readonly manifest: CollectionManifest
}

/**
 * Saves documents and their indexes as one directory: `documents.jsonl`, `vectors/`, `lexical/` and a manifest with SHA-256 of
 * all. What was there is replaced in one step; when saving fails it is as it was.
 * @throws `index.inconsistent` when an index has an id that no document has; `data.duplicate-id`, `index.document`, `index.occupied`, `file.unwritable`
 * @example
 * ```ts
 * import { bm25Index } from '@ms/index'
 * import { openCollection, saveCollection } from '@ms/index/node'
 * const documents = [{ id: 'a', title: 'Page size', text: 'Choose paper and margins.' }]
 * const lexicalIndex = bm25Index()
 * await lexicalIndex.upsert(documents)
 * await saveCollection('help.collection', { documents, lexicalIndex })
 * const { documents: again, manifest } = await openCollection('help.collection')
 * ```
 */
export async function saveCollection(
  path: string,
  { documents, vectorIndex, lexicalIndex, model, settings = {}, generation = 1 }: CollectionContents,
): Promise<void> {
  const byId = new Map<string, Document>()
  for (const document of documents) {
    if (byId.has(document.id))
      throw new MsError('data.duplicate-id', `two documents have the id "${document.id}"`, { advice: 'Keep one of them.' })
    if (document.text === undefined && document.title === undefined && document.image === undefined) {
      throw new MsError('index.document', `the document "${document.id}" has neither text nor title nor image`, {
        advice: 'Give it a text, be it empty.',
      })
    }
    byId.set(document.id, document)
  }
  for (const index of [vectorIndex, lexicalIndex]) checkKnown(index?.ids() ?? [], byId, path)
  await replaceChecked(path, format, async (temporary) => {
    const contents: Record<string, Uint8Array> = { [documentsName]: documentLines(byId.values()) }
    if (vectorIndex) contents[`${vectorsName}/manifest.json`] = await writeVectorIndex(join(temporary, vectorsName), vectorIndex)
    if (lexicalIndex) contents[`${lexicalName}/manifest.json`] = await writeLexicalIndex(join(temporary, lexicalName), lexicalIndex)
    const about = {
      ...(vectorIndex ? { dim: vectorIndex.dim, metric: vectorIndex.metric } : {}),
      ...(vectorIndex?.space === undefined ? {} : { space: vectorIndex.space }),
      ...(lexicalIndex ? { analyzer: lexicalIndex.analyzer.name } : {}),
      ...(model === undefined ? {} : { model }),
    }
    await writeChecked(temporary, { format, version, generation, documents: byId.size, ...about, settings }, contents)
  })
}

/** The manifest alone: quick, whatever the size. @throws `index.missing`, `index.malformed`, `index.checksum` */
export function readCollectionManifest(path: string): Promise<CollectionManifest> {
  return readManifest(path, schema)
}

/**
 * Opens what `saveCollection` wrote, after checking all of it.
 * @throws `index.missing`, `index.malformed`, `index.truncated`, `index.checksum`, `index.space`, `index.analyzer`, `index.inconsistent`
 */
export async function openCollection(path: string, options: OpenVectorIndexOptions & OpenLexicalIndexOptions = {}): Promise<Collection> {
  const manifest = await readManifest(path, schema)
  const bytes = await readChecked(path, manifest, documentsName)
  const documents = manifest.documents === 0 ? [] : readDocuments(bytes, join(path, documentsName), { picturesAnywhere: true })
  if (documents.length !== manifest.documents) {
    throw malformed(join(path, documentsName), `${documents.length} documents instead of ${manifest.documents}`)
  }
  const byId = new Map(documents.map((document) => [document.id, document]))
  const part = async <T extends { size: number }>(name: string, openPart: (directory: string) => Promise<T>): Promise<T | undefined> => {
    if (!Object.hasOwn(manifest.files, `${name}/manifest.json`)) return undefined
    await readChecked(path, manifest, `${name}/manifest.json`)
    return openPart(join(path, name))
  }
  const vectorIndex = await part(vectorsName, (directory) => openVectorIndex(directory, options))
  const lexicalIndex = await part(lexicalName, (directory) => openLexicalIndex(directory, options))
  for (const index of [vectorIndex, lexicalIndex]) checkKnown(index?.ids() ?? [], byId, path)
  return { documents: byId, ...(vectorIndex ? { vectorIndex } : {}), ...(lexicalIndex ? { lexicalIndex } : {}), manifest }
}

function checkKnown(ids: readonly string[], documents: ReadonlyMap<string, Document>, where: string): void {
  const stranger = ids.find((id) => !documents.has(id))
  if (stranger === undefined) return
  throw new MsError('index.inconsistent', `an index has the id "${stranger}", but there is no such document`, {
    where,
    advice: 'Save the documents that were indexed, or remove the id from the index.',
  })
}

/** As in a BEIR corpus.jsonl. Line by line: all of them need not fit into one string. */
function documentLines(documents: Iterable<Document>): Uint8Array {
  const encoder = new TextEncoder()
  const lines: Uint8Array[] = []
  for (const { id, ...rest } of documents) lines.push(encoder.encode(`${JSON.stringify({ _id: id, ...rest })}\n`))
  return bytesOf(Buffer.concat(lines))
}
