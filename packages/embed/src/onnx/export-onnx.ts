import { type ImageSource, type ModelFiles, MsError } from '@ms/core'
import { encoderIdentity } from '../encoder-space.js'
import type { ImageEncoder } from '../image-encoder.js'
import type { ModelCard } from '../model-card.js'
import type { PluggedEncoder } from '../plugged/plugged-encoder.js'
import { pluggedFiles } from '../plugged/plugged-files.js'
import { imageFiles, textFiles } from '../save-encoder.js'
import { marksPrompt, promptsByRole, type SentenceEncoder } from '../sentence-encoder.js'
import { sha256 } from '../sha256.js'
import { type ExportedManifest, exportNote, manifestName, tokenizerFile } from './exported-manifest.js'
import { recordImageEncoder } from './record-image-encoder.js'
import { type OpenGraph, recordInt8TextEncoder } from './record-int8-text-encoder.js'
import { recordPluggedEncoder } from './record-plugged-encoder.js'
import { recordTextEncoder } from './record-text-encoder.js'

export interface ExportOnnxOptions {
  /** `int8` also writes `onnx/model_quantized.onnx`, which is then the graph that the directory is served with. Default: float32 only. */
  readonly quantize?: 'int8'
  /**
   * Runs graphs: `openOnnxModel` of `@ms/runtime/node/onnx`. With it a network of texts is quantised with ranges found beforehand, on texts drawn from
   * its own vocabulary, and is quicker. `exportOnnxDirectory` has it where onnxruntime-node is installed.
   */
  readonly open?: OpenGraph
  /** What README.md says beyond the files themselves. */
  readonly card?: ModelCard
}

const names = { float32: 'onnx/model.onnx', int8: 'onnx/model_quantized.onnx' } as const

/** What can be exported. */
export type ExportableEncoder = SentenceEncoder | ImageEncoder | PluggedEncoder<ImageSource>

/**
 * Writes an encoder as an ONNX model with its settings, under the names that transformers.js, sentence-transformers and ONNX Runtime expect:
 * `onnx/model.onnx` and `onnx/model_quantized.onnx`.
 *
 * Of texts, inputs are `input_ids`, `attention_mask` and, where the network reads them, `token_type_ids`, all `[batch, length] int64`, both
 * sizes open. (`beyond_prompt [batch, length] float32` where a pooling leaves the prompt out.) Outputs: `last_hidden_state
 * [batch, length, width]`, where the network has one, and `sentence_embedding [batch, dim]`, which is pooled, projected and normalised as the
 * encoder does it.
 *
 * Of pictures, the input is `pixel_values [batch, 3, height, width] float32`, normalised as preprocessor_config.json says, with the batch
 * open; the output is `image_embeds [batch, dim]`.
 *
 * Of an encoder of a plug-in, inputs are what its processor makes; the folder stays a model that the plug-in loads.
 *
 * Files are written one after the other; `exportOnnxDirectory` of `@ms/embed/node` does it all or nothing.
 *
 * @throws `file.read-only`, `onnx.not-dynamic`, `onnx.nothing-to-quantize`, `engine.op-unsupported` where a network has an operation that
 *   cannot be recorded, `onnx.no-graph` where a plug-in's encoder has no form in tensors, `onnx.too-large` beyond two gigabytes
 * @example
 * ```ts
 * import type { ModelFiles } from '@ms/core'
 * import { exportOnnx, type SentenceEncoder } from '@ms/embed'
 *
 * export const publish = (encoder: SentenceEncoder, files: ModelFiles) => exportOnnx(encoder, files, { quantize: 'int8' })
 * ```
 */
export async function exportOnnx(encoder: ExportableEncoder, files: ModelFiles, options: ExportOnnxOptions = {}): Promise<void> {
  if (!files.write) throw new MsError('file.read-only', 'these files cannot be written', { where: files.location })
  const precisions = options.quantize ? (['float32', options.quantize] as const) : (['float32'] as const)
  let served: Graph = { precision: 'float32', bytes: await record(encoder) }
  await files.write(names.float32, served.bytes)
  if (options.quantize) {
    served = { precision: options.quantize, bytes: await recordInt8(encoder, served.bytes, options.open) }
    await files.write(names[served.precision], served.bytes)
  }
  const others = await otherFiles(encoder, served, options)
  for (const [name, bytes] of others) await files.write(name, bytes)
  // Tables and encoders of plug-ins stay models like any other; this says that the graphs beside them can be made anew.
  if (!others.has(manifestName))
    await files.write(exportNote, json({ version: 1, graphs: precisions.map((precision) => names[precision]) }))
}

/** The graph that a directory is served with. */
interface Graph {
  readonly precision: 'float32' | 'int8'
  readonly bytes: Uint8Array
}

function record(encoder: ExportableEncoder, options: { readonly quantize?: 'int8' } = {}): Promise<Uint8Array> {
  if ('plugin' in encoder) return recordPluggedEncoder(encoder, options)
  return encoder.modality === 'text' ? recordTextEncoder(encoder, options) : recordImageEncoder(encoder, options)
}

function recordInt8(encoder: ExportableEncoder, plain: Uint8Array, open: ExportOnnxOptions['open']): Promise<Uint8Array> {
  if ('plugin' in encoder || encoder.modality === 'image') return record(encoder, { quantize: 'int8' })
  return recordInt8TextEncoder(encoder, plain, open)
}

/** Everything but the graphs, by name. */
async function otherFiles(
  encoder: ExportableEncoder,
  served: Graph,
  { quantize, card }: ExportOnnxOptions,
): Promise<ReadonlyMap<string, Uint8Array>> {
  // What makes items ready is the plug-in's own code: it stays a model like any other.
  if ('plugin' in encoder) return pluggedFiles(encoder, { card })
  if (encoder.modality === 'image') {
    const saved = imageFiles(encoder, { card, weights: false })
    return saved.set(manifestName, json({ ...(await manifestOf(encoder, served)), image: encoder.settings }))
  }
  // A table is quicker in plain JavaScript than any graph of it, and small: it stays a model like any other.
  const isTable = encoder.parts.backbone.type === 'StaticEmbedding'
  const saved = textFiles(encoder, { card, weights: isTable, precision: isTable && quantize ? quantize : 'float32' })
  if (isTable) for (const [name, value] of tableSettings(encoder)) if (!saved.has(name)) saved.set(name, json(value))
  if (!isTable) saved.set(manifestName, json({ ...(await manifestOf(encoder, served)), text: await textSettings(encoder, saved) }))
  return saved
}

const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)

/** What transformers.js wants to know of a model, and tables come without. */
const tableSettings = ({ parts }: SentenceEncoder): readonly (readonly [string, unknown])[] => [
  ['config.json', { model_type: 'model2vec', hidden_size: parts.backbone.backbone.width }],
  [
    'tokenizer_config.json',
    { tokenizer_class: 'PreTrainedTokenizerFast', pad_token: parts.tokenizer.token(parts.tokenizer.padId), padding_side: 'right' },
  ],
]

/** Infinity is no JSON. */
const limit = (most: number) => (Number.isFinite(most) ? most : null)

async function manifestOf(encoder: SentenceEncoder | ImageEncoder, { precision, bytes }: Graph): Promise<ExportedManifest> {
  const { dim, truncateDim, similarity } = encoder
  const identity = await encoderIdentity(encoder)
  return {
    version: 1,
    graph: { file: names[precision], precision, bytes: bytes.length, sha256: await sha256(bytes) },
    // Rounded weights make other vectors: another space.
    identity: precision === 'float32' ? identity : await sha256(new TextEncoder().encode(`${identity} ${precision}`)),
    dim,
    ...(truncateDim === undefined ? {} : { truncateDim }),
    similarity,
  }
}

/** How texts are made ready. */
async function textSettings({ parts }: SentenceEncoder, saved: ReadonlyMap<string, Uint8Array>): Promise<ExportedManifest['text']> {
  const { maxLength, truncationSide, lowerCase } = parts
  return {
    tokenizerSha256: await sha256(saved.get(tokenizerFile(saved)) ?? new Uint8Array()),
    prompts: promptsByRole(parts),
    maxLength: { query: limit(maxLength.query), document: limit(maxLength.document) },
    truncationSide,
    lowerCase,
    markPrompt: marksPrompt(parts),
  }
}
