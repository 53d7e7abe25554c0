import { type CheckpointTensor, preprocessorConfig, quantizeRows, writeSafetensors } from '@ms/backbones'
import { type ImageSource, type ModelFiles, MsError } from '@ms/core'
import type { HostTensor, Parameters } from '@ms/core/tensor'
import type { ImageEncoder } from './image-encoder.js'
import { imageModelCard } from './image-model-card.js'
import { type ModelCard, modelCard } from './model-card.js'
import { modulePrefix } from './module-chain.js'
import type { EncoderModule } from './modules/encoder-module.js'
import { knownModules } from './modules/known-modules.js'
import type { PluggedEncoder } from './plugged/plugged-encoder.js'
import { pluggedFiles } from './plugged/plugged-files.js'
import { promptFor } from './prompts.js'
import type { SentenceEncoder, SentenceEncoderParts } from './sentence-encoder.js'

type Precision = 'float32' | 'int8'

export interface SaveEncoderOptions {
  /**
   * How the numbers of a static table, or of a network that reads pictures, are kept: `float32`, which everything reads, or `int8` with a
   * scale for each row (of a convolution: for each channel that comes out), a quarter of the size, which only this library reads.
   * Default: `float32`.
   */
  precision?: Precision
  /** What README.md says beyond the files themselves. */
  card?: ModelCard
}

/**
 * Writes an encoder as a sentence-transformers directory in the layout that every version of it reads. Python's sentence-transformers
 * makes the same vectors of it, for queries and for documents. (A model2vec directory without modules.json is saved as one.)
 *
 * An encoder of pictures is written in the same layout with a first module of our own, `ms.ImageBackbone`: the network's config.json in
 * timm's or transformers' form, its weights, preprocessor_config.json, and the same settings exactly in image_settings.json.
 *
 * An encoder of a plug-in is written as encoder_plugin.json (its name and config) and model.safetensors.
 *
 * Files are written one after the other; `saveEncoderDirectory` of `@ms/embed/node` does it all or nothing.
 *
 * @throws `file.read-only` when the files cannot be written, `encoder.module-unknown` for a module of training only, `encoder.precision` for `int8` of a transformer of texts, and what writing throws
 */
export async function saveEncoder(
  encoder: SentenceEncoder | ImageEncoder | PluggedEncoder<ImageSource>,
  files: ModelFiles,
  options: SaveEncoderOptions = {},
): Promise<void> {
  if (!files.write) throw new MsError('file.read-only', 'these files cannot be written', { where: files.location })
  const all =
    'plugin' in encoder
      ? pluggedFiles(encoder, options)
      : encoder.modality === 'text'
        ? textFiles(encoder, options)
        : imageFiles(encoder, options)
  for (const [name, bytes] of all) await files.write(name, bytes)
}

/** Files of a saved encoder, by name. */
type SavedFiles = Map<string, Uint8Array>

const setJson = (files: SavedFiles, name: string, value: unknown) =>
  files.set(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`))

/** Weights are saved as float32, whatever they were. */
function networkConfig({ torch_dtype: _, dtype: __, ...config }: Readonly<Record<string, unknown>>) {
  return { ...config, torch_dtype: 'float32' }
}

export interface SavedFilesOptions extends SaveEncoderOptions {
  /** False: the weights lie elsewhere, in an ONNX file. Default: true. */
  readonly weights?: boolean
}

export function textFiles(encoder: SentenceEncoder, { precision = 'float32', card = {}, weights = true }: SavedFilesOptions): SavedFiles {
  const { parts } = encoder
  const { backbone, modules } = parts
  if (precision === 'int8' && backbone.type !== 'StaticEmbedding') {
    throw new MsError('encoder.precision', `of texts, int8 is for tables of token embeddings, and this is a ${encoder.family}`, {
      where: 'precision',
    })
  }
  const result: SavedFiles = new Map(parts.files)
  const limited = withTruncation(parts)
  if (limited) result.set('tokenizer.json', limited)
  if (backbone.type !== 'StaticEmbedding') {
    const config = withMaxLength(parts)
    if (config) result.set('tokenizer_config.json', config)
    setJson(result, 'config.json', networkConfig(backbone.config))
    setJson(result, 'sentence_bert_config.json', transformerSettings(parts))
  }
  if (parts.model2vec) setJson(result, 'config.json', model2VecConfig(parts))
  else {
    setJson(result, 'modules.json', moduleList(`${pythonModules}.${backbone.type}`, modules))
    setJson(result, 'config_sentence_transformers.json', modelSettings(parts))
  }
  if (weights) result.set('model.safetensors', backboneWeights(encoder, precision))
  if (!parts.model2vec) {
    for (const [name, bytes] of moduleFiles(encoder)) if (weights || !name.endsWith('.safetensors')) result.set(name, bytes)
  }
  result.set('README.md', new TextEncoder().encode(modelCard(encoder, card, weights ? precision : 'onnx')))
  return result
}

export function imageFiles(encoder: ImageEncoder, { precision = 'float32', card = {}, weights = true }: SavedFilesOptions): SavedFiles {
  const { backbone, modules, settings, files, similarity, truncateDim } = encoder.parts
  const result: SavedFiles = new Map(files)
  setJson(result, 'config.json', networkConfig(backbone.config))
  setJson(result, 'preprocessor_config.json', preprocessorConfig(settings))
  setJson(result, 'image_settings.json', { halves: 'down', ...settings })
  setJson(result, 'modules.json', moduleList('ms.ImageBackbone', modules))
  setJson(result, 'config_sentence_transformers.json', {
    similarity_fn_name: similarity,
    ...(truncateDim === undefined ? {} : { truncate_dim: truncateDim }),
  })
  if (weights) {
    const names = [...backbone.backbone.shapes.keys()]
    result.set('model.safetensors', weightsFile(tensorsOf(encoder.parameters, names, { precision })))
  }
  for (const [name, bytes] of moduleFiles(encoder, precision)) if (weights || !name.endsWith('.safetensors')) result.set(name, bytes)
  result.set('README.md', new TextEncoder().encode(imageModelCard(encoder, card, weights ? precision : 'onnx')))
  return result
}

/** Configurations and weights of the modules behind the backbone. */
function moduleFiles(
  { parts: { modules }, parameters }: Pick<SentenceEncoder | ImageEncoder, 'parts' | 'parameters'>,
  precision: Precision = 'float32',
): SavedFiles {
  const result: SavedFiles = new Map()
  for (const [position, module] of modules.entries()) {
    const folder = moduleFolder(module.type, position)
    if (module.config) setJson(result, `${folder}/config.json`, module.config)
    if (module.shapes.size > 0) {
      const prefix = modulePrefix(module, position)
      const tensors = tensorsOf(parameters, [...module.shapes.keys()], { prefix, precision })
      result.set(`${folder}/model.safetensors`, weightsFile(tensors))
    }
  }
  return result
}

const pythonModules = 'sentence_transformers.models'
const moduleFolder = (type: string, position: number) => `${position + 1}_${type}`

/** @throws `encoder.module-unknown` for a module that no reader knows */
function moduleList(first: string, modules: readonly EncoderModule[]) {
  for (const { type } of modules) {
    if (Object.hasOwn(knownModules, type)) continue
    throw new MsError('encoder.module-unknown', `a module of type ${type} cannot be saved: nothing could read it again`, {
      advice: 'Take off what is for training only: the `remove` of a projectionHead does it.',
    })
  }
  const entry = (idx: number, path: string, type: string) => ({ idx, name: String(idx), path, type })
  return [entry(0, '', first), ...modules.map(({ type }, i) => entry(i + 1, moduleFolder(type, i), `${pythonModules}.${type}`))]
}

function transformerSettings({ maxLength: { query, document }, lowerCase }: SentenceEncoderParts) {
  const most = Math.max(query, document)
  return {
    ...(Number.isFinite(most) ? { max_seq_length: most } : {}),
    do_lower_case: lowerCase,
    ...(query === document ? {} : { query_length: query, document_length: document }),
  }
}

function modelSettings(parts: SentenceEncoderParts) {
  return {
    // The prompts that were in force for either role, under the names that encode_query and encode_document look up first.
    prompts: { ...parts.prompts, query: promptFor('query', parts), document: promptFor('document', parts) },
    default_prompt_name: parts.defaultPromptName ?? null,
    similarity_fn_name: parts.similarity,
    ...(parts.truncateDim === undefined ? {} : { truncate_dim: parts.truncateDim }),
  }
}

function model2VecConfig({ backbone, modules, maxLength }: SentenceEncoderParts) {
  return {
    model_type: 'model2vec',
    architectures: ['StaticModel'],
    hidden_dim: backbone.backbone.width,
    normalize: modules.some(({ type }) => type === 'Normalize'),
    max_length: Number.isFinite(maxLength.document) ? maxLength.document : null,
  }
}

/** tokenizer.json with the encoder's limit in it, where it has another one; undefined: as it is. */
function withTruncation({ files, maxLength, truncationSide, model2vec }: SentenceEncoderParts): Uint8Array | undefined {
  const bytes = files.get('tokenizer.json')
  if (!bytes || model2vec) return undefined
  const json = JSON.parse(new TextDecoder().decode(bytes)) as { truncation?: { max_length: number } | null }
  const most = longest(maxLength)
  if (json.truncation?.max_length === most) return undefined
  const direction = truncationSide === 'left' ? 'Left' : 'Right'
  const truncation = most === undefined ? null : { direction, max_length: most, strategy: 'LongestFirst', stride: 0 }
  return new TextEncoder().encode(JSON.stringify({ ...json, truncation }))
}

/** The same in tokenizer_config.json, by which transformers and transformers.js go. */
function withMaxLength({ files, maxLength }: SentenceEncoderParts): Uint8Array | undefined {
  const bytes = files.get('tokenizer_config.json')
  const most = longest(maxLength)
  if (!bytes || most === undefined) return undefined
  const json = JSON.parse(new TextDecoder().decode(bytes)) as { model_max_length?: number }
  return json.model_max_length === most
    ? undefined
    : new TextEncoder().encode(`${JSON.stringify({ ...json, model_max_length: most }, null, 2)}\n`)
}

/** Tokens of the longest text; undefined: any. */
function longest({ query, document }: SentenceEncoderParts['maxLength']): number | undefined {
  const most = Math.max(query, document)
  return Number.isFinite(most) ? most : undefined
}

function backboneWeights({ parts, parameters }: SentenceEncoder, precision: Precision): Uint8Array {
  const names = [...parts.backbone.backbone.shapes.keys()]
  if (precision === 'int8') {
    const [name] = names
    return weightsFile(new Map(inRows('embedding.weight', parameters.get(name) as HostTensor<Float32Array>)))
  }
  const saved = (name: string) => (parts.model2vec ? 'embeddings' : name)
  return weightsFile(new Map(names.map((name) => [saved(name), floats(parameters, name)])))
}

/** Weights by the names they are saved under, which have a `prefix` in the encoder. */
function tensorsOf(
  parameters: Parameters,
  names: readonly string[],
  { prefix = '', precision }: { readonly prefix?: string; readonly precision: Precision },
): Map<string, CheckpointTensor> {
  return new Map(
    names.flatMap((name): [string, CheckpointTensor][] => {
      const weight = parameters.get(prefix + name) as HostTensor<Float32Array>
      // What is no matrix and no convolution is small, and batch norm divides by some of it.
      const rounded = precision === 'int8' && name.endsWith('weight') && weight.shape.length > 1
      return rounded ? inRows(name, weight) : [[name, { dtype: 'F32', ...weight }]]
    }),
  )
}

/** In int8 along the first axis: `x.weight` and `x.scale`. */
function inRows(name: string, { shape, data }: HostTensor<Float32Array>): [string, CheckpointTensor][] {
  const { rows, scale } = quantizeRows(data, data.length / shape[0])
  return [
    [name, { dtype: 'I8', shape, data: rows }],
    [name.replace(/weight$/, 'scale'), { dtype: 'F32', shape: [shape[0]], data: scale }],
  ]
}

function floats(parameters: Parameters, name: string): CheckpointTensor {
  const { shape, data } = parameters.get(name) as HostTensor<Float32Array>
  return { dtype: 'F32', shape, data }
}

/** transformers refuses a file that does not say which framework it is for. */
const weightsFile = (tensors: ReadonlyMap<string, CheckpointTensor>) => writeSafetensors(tensors, { format: 'pt' })
