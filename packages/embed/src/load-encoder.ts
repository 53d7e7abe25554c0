import { bert, clipText } from '@ms/backbones'
import { type ModelFiles, MsError } from '@ms/core'
import type { BackbonePlugin, Parameters } from '@ms/core/tensor'
import { z } from 'zod'
import type { FirstModule } from './first-module.js'
import { loadModules } from './load-modules.js'
import { loadTable } from './load-table.js'
import { loadTransformer } from './load-transformer.js'
import { type ModelSettings, readModelSettings } from './model-settings.js'
import { knownModules } from './modules/known-modules.js'
import { type ModuleEntry, readModuleList, subFiles, unknownModule } from './modules/module-list.js'
import { normalize } from './modules/normalize.js'
import { pooling } from './modules/pooling.js'
import { exportedOnly, manifestName } from './onnx/exported-manifest.js'
import { pluginMissing } from './plugged/load-plugged.js'
import { pluginFile } from './plugged/plugin-file.js'
import { readJsonIfThere } from './read-json.js'
import { type Notice, type SentenceEncoder, type SentenceEncoderParts, sentenceEncoder } from './sentence-encoder.js'

/** The families that are known without being handed over. */
export const builtinBackbones: readonly BackbonePlugin[] = [bert, clipText]

export interface LoadEncoderOptions {
  /** Families of networks that may be found. Default: `builtinBackbones`. */
  backbones?: readonly BackbonePlugin[]
  /** Most tokens of a text, special tokens included. Default: what the model's files say. */
  maxLength?: number
  /** Rounds the length of batches up to a multiple of this, for engines that prepare anew for each shape. Default: 1. */
  padToMultiple?: number
}

/**
 * Loads a text encoder from a sentence-transformers directory (of any version), a model2vec directory, or a plain Hugging Face directory
 * of a known family, which is then pooled by its mean.
 *
 * @throws `encoder.unrecognised` when the files are no model, `encoder.module-unknown`, `encoder.order`, `encoder.width`,
 *   `encoder.backbone-unknown`, `encoder.exported`, `encoder.plugin-missing` for a model that a plug-in made (`loadModel` takes plug-ins), `config.malformed`, `config.invalid` naming file and field, and what reading weights and tokenisers throws
 * @example
 * ```ts
 * import { loadEncoder } from '@ms/embed'
 * import { directoryFiles } from '@ms/core/node'
 *
 * const encoder = await loadEncoder(directoryFiles('models/all-MiniLM-L6-v2'))
 * encoder.dim // 384
 * ```
 */
export async function loadEncoder(files: ModelFiles, options: LoadEncoderOptions = {}): Promise<SentenceEncoder> {
  const names = new Set(await files.list())
  if (names.has(manifestName)) throw exportedOnly(files)
  if (names.has(pluginFile)) throw await pluginMissing(files)
  if (names.has('modules.json')) return loadDirectory(files, names, options)
  const config = await readJsonIfThere(files, names, 'config.json', configSchema)
  if (config?.model_type === 'model2vec') return loadModel2Vec(files, config, options)
  if (config) return loadPlain(files, names, options)
  throw new MsError('encoder.unrecognised', 'there is neither modules.json nor config.json', {
    where: files.location,
    advice: 'Name the folder of a sentence-transformers, model2vec or Hugging Face model.',
  })
}

const configSchema = z
  .object({
    model_type: z.string().optional(),
    normalize: z.boolean().optional(),
    max_length: z.int().positive().nullish(),
  })
  .catchall(z.unknown())

async function loadDirectory(files: ModelFiles, names: ReadonlySet<string>, options: LoadEncoderOptions): Promise<SentenceEncoder> {
  const where = `${files.location}/modules.json`
  const [entry, ...entries] = await readModuleList(files)
  const settings = await readModelSettings(files, names)
  const own = subFiles(files, entry.path)
  const first = await loadFirst(entry, own, options, where)
  const { type, backbone } = first.backbone
  const start =
    type === 'StaticEmbedding' || backbone.makes === 'pooled'
      ? { sentence_embedding: backbone.width }
      : { token_embeddings: backbone.width }
  const { modules, parameters } = await loadModules(files, entries, start)
  return assemble({ ...first, modules }, settings, new Map([...first.parameters, ...parameters]), options, [])
}

async function loadFirst(entry: ModuleEntry, files: ModelFiles, options: LoadEncoderOptions, where: string): Promise<FirstModule> {
  switch (entry.type) {
    case 'Transformer':
      return loadTransformer(files, withDefaults(options))
    case 'StaticEmbedding':
      return loadTable(files, options.maxLength)
    default:
      if (entry.type === 'ImageBackbone') {
        throw new MsError('encoder.modality', 'this is a model of pictures, and one of texts is needed', {
          where: files.location,
          advice: 'Name a model of texts. In a program, loadImageEncoder loads this one, and openModel of @ms/embed/node takes both.',
        })
      }
      if (!(entry.type in knownModules)) throw unknownModule(entry.type, where)
      throw new MsError('encoder.order', `the first module is ${entry.type}; it must be Transformer or StaticEmbedding`, { where })
  }
}

/** A Hugging Face directory that says nothing about pooling. */
async function loadPlain(files: ModelFiles, names: ReadonlySet<string>, options: LoadEncoderOptions): Promise<SentenceEncoder> {
  const first = await loadTransformer(files, withDefaults(options))
  const settings = await readModelSettings(files, names)
  // What a network was trained to make of a text needs no pooling.
  if (first.backbone.backbone.makes === 'pooled') return assemble({ ...first, modules: [] }, settings, first.parameters, options, [])
  const notice: Notice = {
    code: 'encoder.no-pooling',
    message: `${files.location} has no modules.json: the mean of the tokens' vectors is taken, as sentence-transformers does. The model may not have been trained for that.`,
  }
  const modules = [pooling(first.backbone.backbone.width)]
  return assemble({ ...first, modules }, settings, first.parameters, options, [notice])
}

/** Without modules.json a model2vec directory follows model2vec's own rules. */
async function loadModel2Vec(
  files: ModelFiles,
  config: z.infer<typeof configSchema>,
  options: LoadEncoderOptions,
): Promise<SentenceEncoder> {
  const first = await loadTable(files, options.maxLength)
  const maxLength = options.maxLength ?? (config.max_length === null ? Number.POSITIVE_INFINITY : (config.max_length ?? model2VecMaxLength))
  const { tokenizer } = first
  const lengths = Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.token(id))
    .filter((token) => token !== undefined)
    .map((token) => [...token].length)
    .sort((a, b) => a - b)
  const middle = lengths.length / 2
  const median = lengths.length % 2 === 0 ? (lengths[middle - 1] + lengths[middle]) / 2 : lengths[Math.floor(middle)]
  const model2vec = { dropUnknown: true, maxCharacters: maxLength * Math.floor(median) }
  const modules = config.normalize ? [normalize({ sentence_embedding: first.backbone.backbone.width })] : []
  const settings: ModelSettings = { prompts: {}, similarity: 'cosine' }
  return assemble(
    { ...first, modules, model2vec, maxLength: { query: maxLength, document: maxLength } },
    settings,
    first.parameters,
    options,
    [],
  )
}

/** model2vec's `DEFAULT_MAX_LENGTH`. */
const model2VecMaxLength = 512

const withDefaults = ({ backbones = builtinBackbones, maxLength }: LoadEncoderOptions) => ({ backbones, maxLength })

function assemble(
  first: Omit<FirstModule, 'parameters'> & Pick<SentenceEncoderParts, 'modules'>,
  settings: ModelSettings,
  parameters: Parameters,
  { padToMultiple = 1, maxLength }: LoadEncoderOptions,
  notices: readonly Notice[],
): SentenceEncoder {
  for (const [name, value] of Object.entries({ padToMultiple, maxLength: maxLength ?? 1 })) {
    if (!Number.isInteger(value) || value < 1)
      throw new MsError('encoder.option', `${name} must be a whole number of at least 1, and is ${value}`, { where: name })
  }
  const { backbone, tokenizer, files, truncationSide, lowerCase, model2vec, modules } = first
  const parts = {
    backbone,
    tokenizer,
    files,
    truncationSide,
    lowerCase,
    model2vec,
    modules,
    maxLength: first.maxLength,
    ...settings,
    padToMultiple,
    notices,
  }
  return sentenceEncoder(parts, parameters)
}
