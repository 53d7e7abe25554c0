import { type ModelFiles, MsError } from '@ms/core'
import type { Inputs, TensorFunction, Tensors } from '@ms/core/tensor'
import { gatherRows, type RecordOnnxOptions, recordOnnx } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { encoderIdentity } from '../encoder-space.js'
import type { ModelCard } from '../model-card.js'
import { chainFeatures, runModules } from '../module-chain.js'
import type { Features } from '../modules/encoder-module.js'
import { pooling } from '../modules/pooling.js'
import { textFiles } from '../save-encoder.js'
import { marksPrompt, promptsByRole, type SentenceEncoder } from '../sentence-encoder.js'
import { sha256 } from '../sha256.js'
import { type ExportedManifest, manifestName, tokenizerFile } from './exported-manifest.js'

export interface ExportOnnxOptions {
  /** `int8` also writes `onnx/model_quantized.onnx`, which is then the graph that the directory is served with. Default: float32 only. */
  readonly quantize?: 'int8'
  /** What README.md says beyond the files themselves. */
  readonly card?: ModelCard
}

const names = { float32: 'onnx/model.onnx', int8: 'onnx/model_quantized.onnx' } as const

/**
 * Writes an encoder as an ONNX model with its tokeniser and settings, under the names that transformers.js, sentence-transformers and
 * ONNX Runtime expect: `onnx/model.onnx` and `onnx/model_quantized.onnx`.
 *
 * Inputs: `input_ids`, `attention_mask` and, where the network reads them, `token_type_ids`, all `[batch, length] int64`, both sizes open.
 * (`beyond_prompt [batch, length] float32` where a pooling leaves the prompt out.) Outputs: `last_hidden_state [batch, length, width]`
 * and `sentence_embedding [batch, dim]`, which is pooled, projected and normalised as the encoder does it.
 *
 * Files are written one after the other; `exportOnnxDirectory` of `@ms/embed/node` does it all or nothing.
 *
 * @throws `file.read-only`, `onnx.not-dynamic`, `onnx.nothing-to-quantize`, `engine.op-unsupported` where a network has an operation that
 *   cannot be recorded, `onnx.too-large` beyond two gigabytes
 * @example
 * ```ts
 * import type { ModelFiles } from '@ms/core'
 * import { exportOnnx, type SentenceEncoder } from '@ms/embed'
 *
 * export const publish = (encoder: SentenceEncoder, files: ModelFiles) => exportOnnx(encoder, files, { quantize: 'int8' })
 * ```
 */
export async function exportOnnx(encoder: SentenceEncoder, files: ModelFiles, options: ExportOnnxOptions = {}): Promise<void> {
  const { quantize, card } = options
  if (!files.write) throw new MsError('file.read-only', 'these files cannot be written', { where: files.location })
  const isTable = encoder.parts.backbone.type === 'StaticEmbedding'
  const precisions = quantize ? (['float32', quantize] as const) : (['float32'] as const)
  let served: { readonly precision: (typeof precisions)[number]; readonly bytes: Uint8Array } | undefined
  for (const precision of precisions) {
    const bytes = await recordEncoder(encoder, precision)
    await files.write(names[precision], bytes)
    served = { precision, bytes }
  }
  // A table is quicker in plain JavaScript than any graph of it, and small: it stays a model like any other.
  const saved = textFiles(encoder, { card, weights: isTable, precision: isTable && quantize ? quantize : 'float32' })
  if (isTable) for (const [name, value] of tableSettings(encoder)) if (!saved.has(name)) saved.set(name, json(value))
  for (const [name, bytes] of saved) await files.write(name, bytes)
  if (!isTable && served) await files.write(manifestName, json(await manifestOf(encoder, served, saved)))
}

const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)

/** Sizes of the recorded sample; they do not matter. */
const shape = [3, 6]

/** The encoder's graph as an ONNX file. @param externalWeight see `RecordOnnxOptions` */
export function recordEncoder(
  encoder: SentenceEncoder,
  precision: 'float32' | 'int8',
  externalWeight?: RecordOnnxOptions['externalWeight'],
): Promise<Uint8Array> {
  const length = shape[0] * shape[1]
  const ids = { shape, data: new Int32Array(length) }
  const sampleInputs: Inputs = {
    input_ids: ids,
    attention_mask: ids,
    ...(encoder.parts.backbone.type === 'Transformer' ? { token_type_ids: ids } : {}),
    ...(marksPrompt(encoder.parts) ? { beyond_prompt: { shape, data: new Float32Array(length) } } : {}),
  }
  const axes = { 0: 'batch', 1: 'length' }
  return recordOnnx(exported(encoder), {
    constants: encoder.parameters,
    sampleInputs,
    dynamicAxes: Object.fromEntries(Object.keys(sampleInputs).map((name) => [name, axes])),
    int64Inputs: ['input_ids', 'attention_mask', 'token_type_ids'],
    externalWeight,
    ...(precision === 'int8' ? { quantize: precision } : {}),
  })
}

/** The encoder with the vectors of its tokens as a second result. */
function exported({ parts }: SentenceEncoder): TensorFunction<Tensors> {
  const { backbone, modules } = parts
  return (weights, inputs) => {
    const features =
      backbone.type === 'StaticEmbedding'
        ? tableFeatures(weights.get(tableName(parts)) as tf.Tensor2D, inputs)
        : chainFeatures(backbone.backbone.forward(inputs, weights, { training: false }), inputs)
    return { last_hidden_state: features.token_embeddings as tf.Tensor3D, sentence_embedding: runModules(modules, 0, features, weights) }
  }
}

const tableName = ({ backbone }: SentenceEncoder['parts']): string => [...backbone.backbone.shapes.keys()][0]

/** A table reads one long list of ids elsewhere; here it reads what a network reads, and its rows are averaged under the mask. */
function tableFeatures(table: tf.Tensor2D, inputs: Tensors): Features {
  const tokens = gatherRows<tf.Tensor3D>(table, inputs['input_ids'])
  const mask = tf.cast(inputs['attention_mask'], 'float32') as tf.Tensor2D
  return pooling(table.shape[1]).forward({ token_embeddings: tokens, mask }, () => table)
}

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

async function manifestOf(
  encoder: SentenceEncoder,
  { precision, bytes }: { readonly precision: 'float32' | 'int8'; readonly bytes: Uint8Array },
  saved: ReadonlyMap<string, Uint8Array>,
): Promise<ExportedManifest> {
  const { parts, dim, truncateDim, similarity } = encoder
  const { maxLength, truncationSide, lowerCase } = parts
  const identity = await encoderIdentity(encoder)
  return {
    version: 1,
    graph: { file: names[precision], precision, bytes: bytes.length, sha256: await sha256(bytes) },
    // Rounded weights make other vectors: another space.
    identity: precision === 'float32' ? identity : await sha256(new TextEncoder().encode(`${identity} ${precision}`)),
    dim,
    ...(truncateDim === undefined ? {} : { truncateDim }),
    similarity,
    text: {
      tokenizerSha256: await sha256(saved.get(tokenizerFile(saved)) ?? new Uint8Array()),
      prompts: promptsByRole(parts),
      maxLength: { query: limit(maxLength.query), document: limit(maxLength.document) },
      truncationSide,
      lowerCase,
      markPrompt: marksPrompt(parts),
    },
  }
}
