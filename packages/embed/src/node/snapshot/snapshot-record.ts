import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaceDirectory, restoreDirectory } from '@ms/core/node'
import { z } from 'zod'
import { manifestSchema } from '../../onnx/exported-manifest.js'
import { sha256 } from '../../sha256.js'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const size = z.int().nonnegative()
const most = z.int().positive().nullable()

const recordSchema = z.object({
  /** See `buildName`. */
  build: z.string(),
  /** The model's listing. */
  names: z.array(z.string()),
  /** Digests of the files that loading reads. */
  files: z.record(z.string(), hash),
  encoder: z.object({
    identity: hash,
    dim: z.int().positive(),
    truncateDim: z.int().positive().optional(),
    similarity: manifestSchema.shape.similarity,
    notices: z.array(z.object({ code: z.string(), message: z.string() })),
  }),
  text: z.object({
    /** Where the tokeniser's files are. */
    folder: z.string(),
    prompts: z.object({ query: z.string(), document: z.string() }),
    /** null: no limit. */
    maxLength: z.object({ query: most, document: most }),
    truncationSide: z.enum(['left', 'right']),
    lowerCase: z.boolean(),
    markPrompt: z.boolean(),
    dropUnknown: z.boolean(),
    maxCharacters: most,
  }),
  body: z.discriminatedUnion('kind', [
    /** A graph whose large weights lie in the model's own files. */
    z.object({ kind: z.literal('graph'), sha256: hash, weights: z.array(z.string()) }),
    /** A table in one of the model's files; positions in bytes. */
    z.object({
      kind: z.literal('table'),
      file: z.string(),
      count: z.int().positive(),
      width: z.int().positive(),
      rows: size,
      /** Of int8 rows. null: they are float32. */
      scale: size.nullable(),
      normalize: z.boolean(),
    }),
  ]),
})

/** All that is known of a loaded model besides its weights: enough to embed without loading it once more. */
export type SnapshotRecord = Readonly<z.infer<typeof recordSchema>>

const recordName = 'snapshot.json'
const graphName = 'graph.onnx'
/** Of the layout above. */
const format = 1
/** Snapshots of models that are kept: the least recently made ones go. */
const kept = 50

const root = (cache: string) => join(cache, 'snapshots')

/** Where the snapshot of a model lies. */
const snapshotFolder = async (location: string, cache: string): Promise<string> => {
  const isPath = await stat(location).then(
    () => true,
    () => false,
  )
  const name = isPath ? resolve(location) : location
  return join(root(cache), (await sha256(new TextEncoder().encode(name))).slice(0, 32))
}

/** What made a snapshot: another version, or another build of this one, makes its own. */
export async function buildName(): Promise<string> {
  const { version } = createRequire(import.meta.url)('@ms/embed/package.json') as { version: string }
  const { mtimeMs } = await stat(fileURLToPath(import.meta.url))
  return `${format} ${version} ${mtimeMs}`
}

export interface Snapshot {
  readonly record: SnapshotRecord
  /** Empty for a table. */
  readonly graph: Uint8Array
}

/** The snapshot of what lies at a location, if there is a whole one of this build. */
export async function readSnapshot(location: string, cache: string): Promise<Snapshot | undefined> {
  try {
    const folder = await snapshotFolder(location, cache)
    if (!(await restoreDirectory(folder, 0))) return undefined
    const [text, graph] = await Promise.all([readFile(join(folder, recordName), 'utf8'), readFile(join(folder, graphName))])
    const record = recordSchema.parse(JSON.parse(text))
    if (record.build !== (await buildName())) return undefined
    return record.body.kind === 'graph' && (await sha256(graph)) !== record.body.sha256 ? undefined : { record, graph }
  } catch {
    // Whatever is wrong with it, it is made anew.
    return undefined
  }
}

/** Keeps a snapshot, all or nothing. @throws `file.unwritable` */
export async function writeSnapshot(location: string, cache: string, { record, graph }: Snapshot): Promise<void> {
  const folder = await snapshotFolder(location, cache)
  await replaceDirectory(folder, async (temporary) => {
    await writeFile(join(temporary, graphName), graph)
    await writeFile(join(temporary, recordName), JSON.stringify(record))
  })
  await dropOldest(root(cache))
}

async function dropOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{32}$/.test(name))
  if (names.length <= kept) return
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })))
  const oldest = dated.sort((a, b) => a.at - b.at).slice(0, names.length - kept)
  await Promise.all(oldest.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })))
}
