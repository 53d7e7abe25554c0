import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageProcessorOptions, imageProcessor } from '@ms/backbones/node'
import { type ModelFiles, MsError } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { openOnnxModel } from '@ms/runtime/node/onnx'
import { batchPictures } from '../batch-pictures.js'
import { subFiles } from '../modules/module-list.js'
import {
  type ExportedManifest,
  exportedOnly,
  exportNote,
  graphOutputs,
  manifestName,
  manifestSchema,
  tokenizerFile,
} from '../onnx/exported-manifest.js'
import { openSequenceTokenizer } from '../open-sequence-tokenizer.js'
import { readJson } from '../read-json.js'
import { sha256 } from '../sha256.js'
import { sequenceProcessor } from '../text-processor.js'
import { type ExportedEncoder, type ExportedImageEncoder, exportedEncoder } from './exported-encoder.js'

export interface OpenExportedOptions {
  /** Threads of one computation. Default: as many as the machine runs at once. */
  readonly threads?: number
}

export interface OpenExportedModelOptions extends OpenExportedOptions {
  /** How pictures are read: limits, what is kept of them. */
  readonly pictures?: Omit<ImageProcessorOptions, 'channels'>
}

/** Whether a path is the folder of an exported model: one with a graph, or one with graphs of texts and of pictures in two folders. */
export async function isExportedDirectory(path: string): Promise<boolean> {
  const isFile = (name: string) =>
    stat(join(path, name)).then(
      (found) => found.isFile(),
      () => false,
    )
  return (await isFile(manifestName)) || ((await isFile(`text/${manifestName}`)) && (await isFile(`image/${manifestName}`)))
}

/** Whether an export wrote what is there, whatever it is served with. */
export const isExport = async (path: string): Promise<boolean> =>
  (await isExportedDirectory(path)) ||
  stat(join(path, exportNote)).then(
    (found) => found.isFile(),
    () => false,
  )

/** The encoders of an exported model. */
export interface ExportedModel {
  readonly text?: ExportedEncoder
  readonly image?: ExportedImageEncoder
}

/**
 * Opens what `exportOnnx` wrote, whatever items it takes, for `createEmbedder` and `createModelEmbedders`: nothing is recorded, and
 * TensorFlow.js is not loaded. Graphs and tokenisers are checked against their checksums first.
 *
 * @throws `file.missing`, `config.malformed`, `config.invalid`, `encoder.damaged` when a file is not the one that was exported,
 *   `engine.unusable` where onnxruntime-node cannot be loaded
 * @example
 * ```ts
 * import { createEmbedder, openExportedModel } from '@ms/embed/node/serve'
 *
 * const { image } = await openExportedModel('models/shipped')
 * if (image) {
 *   const embedder = await createEmbedder(image)
 *   const vectors = await embedder.embed(['heart.png', 'star.svg'])
 *   await image.dispose()
 * }
 * ```
 */
export async function openExportedModel(model: string | ModelFiles, options: OpenExportedModelOptions = {}): Promise<ExportedModel> {
  const files = typeof model === 'string' ? directoryFiles(model) : model
  const names = await files.list()
  const folders = names.includes(manifestName) ? [''] : ['text', 'image']
  let opened: ExportedModel = {}
  try {
    for (const folder of folders) opened = { ...opened, ...(await openOne(subFiles(files, folder), options)) }
  } catch (error) {
    await opened.text?.dispose()
    throw error
  }
  return opened
}

/**
 * Opens an encoder of texts that `exportOnnx` wrote; see `openExportedModel`.
 *
 * @throws `encoder.modality` for one of pictures, and what `openExportedModel` throws
 * @example
 * ```ts
 * import { createEmbedder, openExportedEncoder } from '@ms/embed/node/serve'
 *
 * const encoder = await openExportedEncoder('models/shipped')
 * const embedder = await createEmbedder(encoder)
 * const vectors = await embedder.embed(['start on a new page'], { role: 'query' })
 * await encoder.dispose()
 * ```
 */
export async function openExportedEncoder(model: string | ModelFiles, options: OpenExportedOptions = {}): Promise<ExportedEncoder> {
  const { text, image } = await openExportedModel(model, options)
  await image?.dispose()
  if (text) return text
  throw new MsError('encoder.modality', 'this exported model takes pictures, and these are texts', {
    where: typeof model === 'string' ? model : model.location,
  })
}

async function openOne(files: ModelFiles, { threads, pictures }: OpenExportedModelOptions): Promise<ExportedModel> {
  const manifest: ExportedManifest = await readJson(files, manifestName, manifestSchema)
  const { dim, truncateDim, similarity, identity, graph, image: settings } = manifest
  const bytes = await files.read(graph.file)
  // The checksum is computed in another thread while ONNX Runtime loads the graph in this one.
  const [session, text] = await Promise.all([
    openOnnxModel(bytes, { threads }),
    manifest.text ? openProcessor(files, manifest.text) : undefined,
    assertUndamaged(files, graph.file, bytes, graph.sha256),
  ])
  const refuse = (): never => {
    throw exportedOnly(files)
  }
  const parts = { dim, truncateDim, similarity, identity, precision: graph.precision, refuse }
  if (text) return { text: exportedEncoder(session, graphOutputs.text, { ...parts, processor: text }) }
  if (settings) {
    const processor = imageProcessor(settings, { ...pictures, channels: 'first' })
    const ofPictures = { ...parts, processor, symmetric: true, batchItems: batchPictures(settings.crop) }
    return { image: exportedEncoder(session, graphOutputs.image, ofPictures) }
  }
  await session.release()
  throw new MsError('config.invalid', 'it does not say how texts or pictures are made ready', {
    where: `${files.location}/${manifestName}`,
    advice: 'Export the model again.',
  })
}

async function openProcessor(files: ModelFiles, text: NonNullable<ExportedManifest['text']>) {
  const names = new Set(await files.list())
  const name = tokenizerFile(names)
  await assertUndamaged(files, name, await files.read(name), text.tokenizerSha256)
  const { prompts, markPrompt, truncationSide: side, lowerCase } = text
  const { query, document } = text.maxLength
  const maxLength = { query: query ?? Number.POSITIVE_INFINITY, document: document ?? Number.POSITIVE_INFINITY }
  const tokenizer = await openSequenceTokenizer(files, names, { side, lowerCase })
  return sequenceProcessor({ tokenizer, prompts, maxLength, markPrompt, padToMultiple: 1, positions: Number.POSITIVE_INFINITY })
}

async function assertUndamaged({ location }: ModelFiles, name: string, bytes: Uint8Array, expected: string): Promise<void> {
  if ((await sha256(bytes)) === expected) return
  throw new MsError('encoder.damaged', 'this file is not the one that was exported', {
    where: `${location}/${name}`,
    advice: 'Export the model again, or copy the whole folder again.',
  })
}
