import { type CheckpointTensor, quantizeRows, writeSafetensors } from '@ms/backbones'
import { type ModelFiles, MsError } from '@ms/core'
import type { HostTensor, Parameters } from '@ms/core/tensor'
import { type ModelCard, modelCard } from './model-card.js'
import { promptFor } from './prompts.js'
import { modulePrefix, type SentenceEncoder, type SentenceEncoderParts } from './sentence-encoder.js'

export interface SaveEncoderOptions {
  /**
   * How the numbers of a static table are kept: `float32`, which everything reads, or `int8` with a scale for each row, a quarter of the
   * size, which only this library reads. Default: `float32`.
   */
  precision?: 'float32' | 'int8'
  /** What README.md says beyond the files themselves. */
  card?: ModelCard
}

/**
 * Writes an encoder as a sentence-transformers directory in the layout that every version of it reads. Python's sentence-transformers
 * makes the same vectors of it, for queries and for documents. (A model2vec directory without modules.json is saved as one.)
 *
 * Files are written one after the other; `saveEncoderDirectory` of `@ms/embed/node` does it all or nothing.
 *
 * @throws `file.read-only` when the files cannot be written, `encoder.precision` for `int8` of anything but a table, and what writing throws
 */
export async function saveEncoder(encoder: SentenceEncoder, files: ModelFiles, options: SaveEncoderOptions = {}): Promise<void> {
  if (!files.write) throw new MsError('file.read-only', 'these files cannot be written', { where: files.location })
  for (const [name, bytes] of encoderFiles(encoder, options)) await files.write(name, bytes)
}

/** Files of a saved encoder, by name. */
function encoderFiles(encoder: SentenceEncoder, { precision = 'float32', card = {} }: SaveEncoderOptions): Map<string, Uint8Array> {
  const { parts, parameters } = encoder
  const { backbone, modules } = parts
  if (precision === 'int8' && backbone.type !== 'StaticEmbedding') {
    throw new MsError('encoder.precision', `int8 is for tables of token embeddings, and this is a ${encoder.family}`, {
      where: 'precision',
    })
  }
  const result = new Map<string, Uint8Array>()
  const json = (name: string, value: unknown) => result.set(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`))
  for (const [name, bytes] of parts.files) result.set(name, bytes)
  if (backbone.type === 'StaticEmbedding') {
    const limited = withTruncation(parts)
    if (limited) result.set('tokenizer.json', limited)
  } else {
    // Weights are saved as float32, whatever they were.
    const { torch_dtype: _, dtype: __, ...config } = backbone.config
    json('config.json', { ...config, torch_dtype: 'float32' })
    json('sentence_bert_config.json', transformerSettings(parts))
  }
  if (parts.model2vec) json('config.json', model2VecConfig(parts))
  else {
    json('modules.json', moduleList(parts))
    json('config_sentence_transformers.json', modelSettings(parts))
  }
  result.set('model.safetensors', backboneWeights(encoder, precision))
  for (const [position, module] of modules.entries()) {
    if (parts.model2vec) break
    const folder = moduleFolder(module.type, position)
    if (module.config) json(`${folder}/config.json`, module.config)
    if (module.shapes.size > 0) {
      const names = [...module.shapes.keys()]
      const prefix = modulePrefix(module, position)
      result.set(`${folder}/model.safetensors`, weightsFile(new Map(names.map((name) => [name, floats(parameters, prefix + name)]))))
    }
  }
  result.set('README.md', new TextEncoder().encode(modelCard(encoder, card, precision)))
  return result
}

const moduleFolder = (type: string, position: number) => `${position + 1}_${type}`

function moduleList({ backbone, modules }: SentenceEncoderParts) {
  const entry = (idx: number, path: string, type: string) => ({
    idx,
    name: String(idx),
    path,
    type: `sentence_transformers.models.${type}`,
  })
  return [entry(0, '', backbone.type), ...modules.map(({ type }, i) => entry(i + 1, moduleFolder(type, i), type))]
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

/** tokenizer.json with the table's limit in it, where it has another one; undefined: as it is. */
function withTruncation({ files, maxLength, truncationSide, model2vec }: SentenceEncoderParts): Uint8Array | undefined {
  const bytes = files.get('tokenizer.json')
  if (!bytes || model2vec) return undefined
  const json = JSON.parse(new TextDecoder().decode(bytes)) as { truncation?: { max_length: number } | null }
  const most = Number.isFinite(maxLength.document) ? maxLength.document : undefined
  if (json.truncation?.max_length === most) return undefined
  const direction = truncationSide === 'left' ? 'Left' : 'Right'
  const truncation = most === undefined ? null : { direction, max_length: most, strategy: 'LongestFirst', stride: 0 }
  return new TextEncoder().encode(JSON.stringify({ ...json, truncation }))
}

function backboneWeights({ parts, parameters }: SentenceEncoder, precision: 'float32' | 'int8'): Uint8Array {
  const names = [...parts.backbone.backbone.shapes.keys()]
  if (precision === 'int8') {
    const [name] = names
    const { shape, data } = parameters.get(name) as HostTensor<Float32Array>
    const { rows, scale } = quantizeRows(data, shape[1])
    return weightsFile(
      new Map<string, CheckpointTensor>([
        ['embedding.weight', { dtype: 'I8', shape, data: rows }],
        ['embedding.scale', { dtype: 'F32', shape: [shape[0]], data: scale }],
      ]),
    )
  }
  const saved = (name: string) => (parts.model2vec ? 'embeddings' : name)
  return weightsFile(new Map(names.map((name) => [saved(name), floats(parameters, name)])))
}

function floats(parameters: Parameters, name: string): CheckpointTensor {
  const { shape, data } = parameters.get(name) as HostTensor<Float32Array>
  return { dtype: 'F32', shape, data }
}

/** transformers refuses a file that does not say which framework it is for. */
const weightsFile = (tensors: ReadonlyMap<string, CheckpointTensor>) => writeSafetensors(tensors, { format: 'pt' })
