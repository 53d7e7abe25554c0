import { loadStaticTable } from '@ms/backbones'
import { cacheFolder } from '@ms/core/node'
import { encoderIdentity } from '../../encoder-space.js'
import { readModuleList, subFiles } from '../../modules/module-list.js'
import { recordTextEncoder } from '../../onnx/record-text-encoder.js'
import { marksPrompt, promptsByRole, type SentenceEncoder } from '../../sentence-encoder.js'
import { sha256 } from '../../sha256.js'
import { openEncoderOf, type SnapshotEncoder, type SnapshotOptions } from './open-snapshot.js'
import type { RememberedFiles } from './remember-files.js'
import { buildName, type Snapshot, type SnapshotRecord, writeSnapshot } from './snapshot-record.js'

/** Smaller weights lie in the graph itself, where the optimiser of ONNX Runtime can see them. */
const inlineBytes = 1024
/** A model whose weights had to be converted has no place in its files for them; a graph that holds so many bytes is not kept. */
const largestInline = 1 << 20

/**
 * Records how an encoder embeds, so that the next process need not load it (`openSnapshot`), and gives the encoder that does it: this process
 * and later ones embed with the same graph. Undefined for an encoder that needs an engine: one whose weights are not float32 in its files, or
 * that ends in modules which need TensorFlow.js.
 *
 * It is kept in the cache folder while the encoder is used; a folder that cannot be written to does no harm.
 *
 * @param files those that the encoder was loaded from
 * @throws `engine.unusable` where onnxruntime-node cannot be loaded, and what recording a graph throws
 */
export async function takeSnapshot(
  encoder: SentenceEncoder,
  files: RememberedFiles,
  { threads, cacheDir = cacheFolder() }: SnapshotOptions = {},
): Promise<SnapshotEncoder | undefined> {
  // Before anything else is read.
  const loaded = [...files.contents]
  const body = await bodyOf(encoder, files)
  if (!body) return undefined
  const record = await describe(encoder, files, body.body)
  const opened = await openEncoderOf({ record, graph: body.graph }, files, { threads })
  const written = keep({ record, graph: body.graph }, files, loaded, cacheDir).catch(() => undefined)
  return {
    ...opened,
    dispose: async () => {
      await opened.dispose()
      await written
    },
  }
}

async function keep({ record, graph }: Snapshot, files: RememberedFiles, loaded: [string, Uint8Array][], cache: string): Promise<void> {
  const digests = await Promise.all(loaded.map(async ([name, bytes]) => [name, await sha256(bytes)] as const))
  await writeSnapshot(files.location, cache, { record: { ...record, files: Object.fromEntries(digests) }, graph })
}

type Body = Pick<SnapshotRecord, 'body'> & Pick<Snapshot, 'graph'>

async function bodyOf(encoder: SentenceEncoder, files: RememberedFiles): Promise<Body | undefined> {
  const { backbone, modules, padToMultiple } = encoder.parts
  if (padToMultiple !== 1) return undefined
  if (backbone.type === 'StaticEmbedding') {
    const simple = modules.every(({ type, direct }) => direct && ['Normalize', 'Dropout'].includes(type))
    return simple ? tableBody(files, modules.filter(({ type }) => type === 'Normalize').length > 0) : undefined
  }
  const place = placesIn(files)
  const used = new Set<string>()
  let inline = 0
  const externalWeight = (name: string) => {
    const data = encoder.parameters.get(name)?.data
    const found = data && data.byteLength >= inlineBytes ? place(data) : undefined
    if (found) used.add(found.location)
    else inline += data?.byteLength ?? 0
    return found
  }
  const graph = await recordTextEncoder(encoder, { externalWeight })
  return inline > largestInline ? undefined : { body: { kind: 'graph', sha256: await sha256(graph), weights: [...used].sort() }, graph }
}

/** Where in a model's files numbers lie, if they are a view of one. */
function placesIn({ contents }: RememberedFiles) {
  return ({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): { location: string; offset: number } | undefined => {
    for (const [location, bytes] of contents) {
      const offset = byteOffset - bytes.byteOffset
      if (bytes.buffer === buffer && offset >= 0 && offset + byteLength <= bytes.byteLength) return { location, offset }
    }
    return undefined
  }
}

async function tableBody(files: RememberedFiles, normalize: boolean): Promise<Body | undefined> {
  const table = await loadStaticTable(subFiles(files, await firstFolder(files)))
  const place = placesIn(files)
  const rows = place(table.rows)
  const scale = table.kind === 'int8' ? place(table.scale) : undefined
  if (!rows || (table.kind === 'int8' && scale?.location !== rows.location)) return undefined
  const { count, width } = table
  return {
    body: { kind: 'table', file: rows.location, count, width, rows: rows.offset, scale: scale?.offset ?? null, normalize },
    graph: new Uint8Array(),
  }
}

/** The folder of the first module: its tokeniser and its weights. */
async function firstFolder(files: RememberedFiles): Promise<string> {
  return (await files.list()).includes('modules.json') ? (await readModuleList(files))[0].path : ''
}

/** Infinity is no JSON. */
const limit = (most: number) => (Number.isFinite(most) ? most : null)

async function describe(encoder: SentenceEncoder, files: RememberedFiles, body: SnapshotRecord['body']): Promise<SnapshotRecord> {
  const { parts, dim, truncateDim, similarity, notices } = encoder
  const { maxLength, truncationSide, lowerCase, model2vec } = parts
  return {
    build: await buildName(),
    names: await files.list(),
    files: {},
    encoder: {
      identity: await encoderIdentity(encoder),
      dim,
      ...(truncateDim === undefined ? {} : { truncateDim }),
      similarity,
      notices: notices.map(({ code, message }) => ({ code, message })),
    },
    text: {
      folder: await firstFolder(files),
      prompts: promptsByRole(parts),
      maxLength: { query: limit(maxLength.query), document: limit(maxLength.document) },
      truncationSide,
      lowerCase,
      markPrompt: marksPrompt(parts),
      dropUnknown: model2vec?.dropUnknown ?? false,
      maxCharacters: limit(model2vec?.maxCharacters ?? Number.POSITIVE_INFINITY),
    },
    body,
  }
}
