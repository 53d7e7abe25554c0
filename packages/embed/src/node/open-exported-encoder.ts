import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelFiles, MsError } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { openOnnxModel } from '@ms/runtime/node/onnx'
import { type ExportedManifest, exportedOnly, manifestName, manifestSchema, tokenizerFile } from '../onnx/exported-manifest.js'
import { openSequenceTokenizer } from '../open-sequence-tokenizer.js'
import { readJson } from '../read-json.js'
import { sha256 } from '../sha256.js'
import { sequenceProcessor } from '../text-processor.js'
import { type ExportedEncoder, exportedEncoder } from './exported-encoder.js'

export interface OpenExportedOptions {
  /** Threads of one computation. Default: as many as the machine runs at once. */
  readonly threads?: number
}

/** Whether a path is the folder of an exported model. */
export const isExportedDirectory = (path: string): Promise<boolean> =>
  stat(join(path, manifestName)).then(
    (found) => found.isFile(),
    () => false,
  )

/**
 * Opens what `exportOnnx` wrote, for `createEmbedder`: nothing is recorded, and TensorFlow.js is not loaded. Graph and tokeniser are
 * checked against their checksums first.
 *
 * @throws `file.missing`, `config.malformed`, `config.invalid`, `encoder.damaged` when a file is not the one that was exported,
 *   `engine.unusable` where onnxruntime-node cannot be loaded
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
export async function openExportedEncoder(model: string | ModelFiles, { threads }: OpenExportedOptions = {}): Promise<ExportedEncoder> {
  const files = typeof model === 'string' ? directoryFiles(model) : model
  const manifest: ExportedManifest = await readJson(files, manifestName, manifestSchema)
  const bytes = await files.read(manifest.graph.file)
  // The checksum is computed in another thread while ONNX Runtime loads the graph in this one.
  const [session, processor] = await Promise.all([
    openOnnxModel(bytes, { threads }),
    openProcessor(files, manifest),
    assertUndamaged(files, manifest.graph.file, bytes, manifest.graph.sha256),
  ])
  const { dim, truncateDim, similarity, identity, graph } = manifest
  const refuse = (): never => {
    throw exportedOnly(files)
  }
  return exportedEncoder(session, { dim, truncateDim, similarity, identity, precision: graph.precision, processor, refuse })
}

async function openProcessor(files: ModelFiles, { text }: ExportedManifest) {
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
