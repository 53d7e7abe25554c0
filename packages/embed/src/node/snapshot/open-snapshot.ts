import { loadTokenizer } from '@ms/backbones/tokenizers'
import { type ModelFiles, vectors } from '@ms/core'
import { cacheFolder } from '@ms/core/node'
import type { HostTensor, Processor } from '@ms/core/tensor'
import { openOnnxModel } from '@ms/runtime/node/onnx'
import { subFiles } from '../../modules/module-list.js'
import { normalizeInPlace } from '../../modules/normalize-rows.js'
import { graphOutputs } from '../../onnx/exported-manifest.js'
import { openSequenceTokenizer } from '../../open-sequence-tokenizer.js'
import { sha256 } from '../../sha256.js'
import { bagProcessor, sequenceProcessor, type TokenizedText } from '../../text-processor.js'
import { truncatingOn } from '../../tokenizer-files.js'
import { directEncoder, type ExportedEncoder, exportedEncoder, untrainable } from '../exported-encoder.js'
import { lazyMeans, type TableMemory } from './lazy-table.js'
import { type RememberedFiles, rememberFiles } from './remember-files.js'
import { readSnapshot, type Snapshot, type SnapshotRecord } from './snapshot-record.js'

export interface SnapshotOptions {
  /** Threads of one computation. Default: as many as the machine runs at once. */
  readonly threads?: number
  /** Default: MS_CACHE, else the operating system's place for caches. */
  readonly cacheDir?: string
}

/** An encoder that embeds at once, without TensorFlow.js. */
export interface SnapshotEncoder extends ExportedEncoder {
  /** `graph`: ONNX Runtime computes it; `table`: plain JavaScript does. */
  readonly kind: 'graph' | 'table'
  /** What was to be known of the model when it was loaded. */
  readonly notices: readonly { readonly code: string; readonly message: string }[]
  /** Of a table: what another thread needs to open the same encoder (`createThreadedEmbedder`). */
  readonly source?: EncoderSource
}

/** What was found out about a model, and the files that embedding reads. */
export interface EncoderSource {
  readonly record: SnapshotRecord
  readonly files: RememberedFiles
}

/**
 * Opens a model from what an earlier process found out about it (`takeSnapshot`): nothing is recorded and TensorFlow.js is not loaded.
 * Every file that loading would read is compared with its checksum. Undefined where there is no snapshot, or a file, the version or
 * anything else is not what it was: load the model then.
 */
export async function openSnapshot(files: ModelFiles, options: SnapshotOptions = {}): Promise<SnapshotEncoder | undefined> {
  const { threads, cacheDir = cacheFolder() } = options
  const snapshot = await readSnapshot(files.location, cacheDir)
  if (!snapshot) return undefined
  try {
    if ((await files.list()).join('\n') !== snapshot.record.names.join('\n')) return undefined
    const digests = Object.entries(snapshot.record.files)
    const contents = await Promise.all(digests.map(async ([name]) => [name, await files.read(name)] as const))
    // Checksums are computed in other threads while ONNX Runtime loads the graph in this one.
    const [encoder, ...found] = await Promise.all([
      openEncoderOf(snapshot, rememberFiles(files, contents), { threads }),
      ...contents.map(([, bytes]) => sha256(bytes)),
    ])
    if (found.every((digest, at) => digest === digests[at][1])) return encoder
    await encoder.dispose()
  } catch {
    // A missing file, a runtime that is not there, a graph that it refuses: loading the model says what is wrong.
  }
  return undefined
}

export interface OpenEncoderOptions extends Pick<SnapshotOptions, 'threads'> {
  /** Where an int8 table becomes float32. Default: memory of its own. */
  readonly memory?: TableMemory
}

/** The encoder that a snapshot describes. */
export async function openEncoderOf(
  { record, graph }: Snapshot,
  files: RememberedFiles,
  { threads, memory }: OpenEncoderOptions = {},
): Promise<SnapshotEncoder> {
  const { encoder, body } = record
  const { notices, ...described } = encoder
  const refuse = (): never => {
    throw untrainable(files.location)
  }
  if (body.kind === 'table') {
    const processor = await bagProcessorOf(record, files)
    const direct = tableDirect(body, await files.read(body.file), memory)
    const parts = { ...described, precision: 'float32', processor, refuse } as const
    return { ...directEncoder(parts, { direct, dispose: async () => {} }), kind: 'table', notices, source: { record, files } }
  }
  const externalData = new Map(await Promise.all(body.weights.map(async (name) => [name, await files.read(name)] as const)))
  const [session, processor] = await Promise.all([openOnnxModel(graph, { threads, externalData }), sequenceProcessorOf(record, files)])
  return {
    ...exportedEncoder(session, graphOutputs.text, { ...described, precision: 'float32', processor, refuse }),
    kind: 'graph',
    notices,
  }
}

const unlimited = (most: number | null) => most ?? Number.POSITIVE_INFINITY
const limits = ({ query, document }: SnapshotRecord['text']['maxLength']) => ({ query: unlimited(query), document: unlimited(document) })

async function sequenceProcessorOf({ text }: SnapshotRecord, files: ModelFiles): Promise<Processor<string, TokenizedText>> {
  const own = subFiles(files, text.folder)
  const { prompts, markPrompt, truncationSide: side, lowerCase } = text
  const tokenizer = await openSequenceTokenizer(own, new Set(await own.list()), { side, lowerCase })
  const maxLength = limits(text.maxLength)
  return sequenceProcessor({ tokenizer, prompts, maxLength, markPrompt, padToMultiple: 1, positions: Number.POSITIVE_INFINITY })
}

async function bagProcessorOf({ text }: SnapshotRecord, files: ModelFiles): Promise<Processor<string, TokenizedText>> {
  const own = subFiles(files, text.folder)
  const { prompts, dropUnknown, maxCharacters } = text
  // As `loadTable` does it.
  const tokenizer = await loadTokenizer(await truncatingOn(text.truncationSide, own, new Set(await own.list())), { obeyConfig: false })
  return bagProcessor({ tokenizer, prompts, maxLength: limits(text.maxLength), dropUnknown, maxCharacters: unlimited(maxCharacters) })
}

type Table = Extract<SnapshotRecord['body'], { kind: 'table' }>

function tableDirect(
  { count, width, rows, scale, normalize }: Table,
  bytes: Uint8Array,
  memory: TableMemory | undefined,
): Parameters<typeof directEncoder>[1]['direct'] {
  const { buffer, byteOffset } = bytes
  const floats = (at: number, length: number) => new Float32Array(buffer, byteOffset + at, length)
  const means = lazyMeans(
    scale === null
      ? { kind: 'float32', rows: floats(rows, count * width), count, width }
      : { kind: 'int8', rows: new Int8Array(buffer, byteOffset + rows, count * width), scale: floats(scale, count), count, width },
    memory,
  )
  return (inputs) => {
    const { ids, offsets } = inputs as { ids: HostTensor<Int32Array>; offsets: HostTensor<Int32Array> }
    const data = means({ ids: ids.data, offsets: offsets.data })
    if (normalize) normalizeInPlace(data, width)
    return vectors(data, offsets.data.length - 1, width)
  }
}
