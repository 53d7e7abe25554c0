import { meanRows, type Tokenizer } from '@ms/backbones'
import { type Role, vectors } from '@ms/core'
import type { Backbone, Encoder, HostTensor, Inputs, Parameters, Processor } from '@ms/core/tensor'
import { assertParameters, chainCut, chainDim, chainDropouts, chainForward, chainShapes, type ModuleChain } from './module-chain.js'
import type { EncoderModule } from './modules/encoder-module.js'
import { type PromptSettings, type Prompts, promptFor } from './prompts.js'
import { bagProcessor, type MaxLength, sequenceProcessor, type TokenizedText } from './text-processor.js'
import { tokenizerRules } from './tokenizer-files.js'

/** How vectors of a model are meant to be compared. */
export type Similarity = 'cosine' | 'dot' | 'euclidean' | 'manhattan'

/** Something about a loaded model that its user should know. */
export interface Notice {
  /** Stable, dotted: `encoder.no-pooling`. */
  readonly code: string
  readonly message: string
}

/** The first module: what turns tokens into vectors. */
export interface EncoderBackbone {
  /** `Transformer`: a vector a token, to be pooled; `StaticEmbedding`: a table, pooled already. */
  readonly type: 'Transformer' | 'StaticEmbedding'
  readonly backbone: Backbone
  /** config.json as it was found; `{}` for a table. */
  readonly config: Readonly<Record<string, unknown>>
  /** What of it decides about the vectors. */
  readonly parsedConfig: unknown
}

/** All that makes a text encoder, besides its weights. */
export interface SentenceEncoderParts extends PromptSettings {
  readonly backbone: EncoderBackbone
  readonly modules: readonly EncoderModule[]
  readonly tokenizer: Tokenizer
  /** tokenizer.json, licences and what else is saved with the model, by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly maxLength: MaxLength
  /** The end of a text that is cut off when it is too long. */
  readonly truncationSide: 'left' | 'right'
  readonly lowerCase: boolean
  readonly similarity: Similarity
  readonly truncateDim?: number
  readonly padToMultiple: number
  /** Set where the model follows model2vec's own rules; see `bagProcessor`. */
  readonly model2vec?: { readonly maxCharacters: number; readonly dropUnknown: boolean }
  readonly notices: readonly Notice[]
}

/** A text encoder as a sentence-transformers directory describes it. */
export interface SentenceEncoder extends Encoder<string, TokenizedText> {
  /** What its items are. */
  readonly modality: 'text'
  readonly parts: SentenceEncoderParts
  /** `bert`, `static` … */
  readonly family: string
  readonly prompts: Prompts
  readonly maxLength: MaxLength
  readonly similarity: Similarity
  /** Components that the model's author wants to be kept; undefined: all. */
  readonly truncateDim?: number
  readonly notices: readonly Notice[]
  /** See `encoderSpace`. */
  readonly fingerprint: unknown
  withParameters(parameters: Parameters): SentenceEncoder
  /** The same encoder with other modules behind the backbone, and weights for all of them. */
  withModules(modules: readonly EncoderModule[], parameters: Parameters): SentenceEncoder
  /** The same encoder that puts something else before queries or documents; a role that is left out keeps its prompt. */
  withPrompts(prompts: Readonly<Partial<Record<Role, string>>>): SentenceEncoder
}

/** Names and shapes of all weights of an encoder. */
export const encoderShapes = ({ backbone, modules }: Pick<SentenceEncoderParts, 'backbone' | 'modules'>): Map<string, readonly number[]> =>
  chainShapes({ backbone: backbone.backbone, modules })

/**
 * Puts backbone, modules and weights together.
 * @throws `weights.missing`, `weights.extra`, `weights.shape`, `encoder.no-embedding` when nothing makes a sentence embedding
 */
export function sentenceEncoder(parts: SentenceEncoderParts, parameters: Parameters): SentenceEncoder {
  const { backbone } = parts
  const chain = chainOf(parts)
  assertParameters(parameters, chainShapes(chain))
  const encoder: SentenceEncoder = {
    modality: 'text',
    parts,
    dim: chainDim(chain),
    parameters,
    family: backbone.backbone.family,
    prompts: parts.prompts,
    maxLength: parts.maxLength,
    similarity: parts.similarity,
    truncateDim: parts.truncateDim,
    notices: parts.notices,
    lookups: backbone.backbone.lookups,
    statistics: backbone.backbone.statistics,
    processor: processorOf(parts),
    dropouts: chainDropouts(chain),
    forward: chainForward(chain),
    direct: directOf(parts),
    get fingerprint() {
      return fingerprintOf(parts)
    },
    cut: (frozen) => chainCut(chain, encoder, frozen, (modules, own) => sentenceEncoder({ ...parts, modules }, own)),
    withParameters: (others) => sentenceEncoder(parts, others),
    withModules: (modules, others) => sentenceEncoder({ ...parts, modules }, others),
    withPrompts: (prompts) => sentenceEncoder({ ...parts, prompts: { ...parts.prompts, ...prompts } }, parameters),
  }
  return encoder
}

function chainOf({ backbone: { type, backbone }, modules }: SentenceEncoderParts): ModuleChain {
  const { width } = backbone
  return {
    backbone,
    modules,
    start: type === 'StaticEmbedding' || backbone.makes === 'pooled' ? { sentence_embedding: width } : { token_embeddings: width },
  }
}

export const promptsByRole = (parts: PromptSettings): Readonly<Record<Role, string>> => ({
  query: promptFor('query', parts),
  document: promptFor('document', parts),
})

function processorOf(parts: SentenceEncoderParts): Processor<string, TokenizedText> {
  const { backbone, tokenizer, maxLength, padToMultiple } = parts
  const text = { tokenizer, prompts: promptsByRole(parts), maxLength }
  if (backbone.type === 'StaticEmbedding') {
    const { maxCharacters = Number.POSITIVE_INFINITY, dropUnknown = false } = parts.model2vec ?? {}
    return bagProcessor({ ...text, maxCharacters, dropUnknown })
  }
  const positions = positionsOf(backbone.config)
  return sequenceProcessor({
    ...text,
    padToMultiple,
    positions,
    markPrompt: marksPrompt(parts),
  })
}

/** True where a pooling leaves the prompt out. */
export const marksPrompt = ({ modules }: Pick<SentenceEncoderParts, 'modules'>): boolean =>
  modules.some(({ config }) => config?.['include_prompt'] === false)

/** The longest sequence that a network's position embeddings allow. */
export function positionsOf(config: Readonly<Record<string, unknown>>): number {
  // A config of two towers keeps those of texts for itself.
  const own = config['text_config']
  const positions = (typeof own === 'object' && own !== null ? { ...config, ...own } : config)['max_position_embeddings']
  return typeof positions === 'number' && positions > 0 ? positions : Number.POSITIVE_INFINITY
}

/** A table's look-ups and means are quicker in plain JavaScript than through any engine, as long as what follows is simple. */
function directOf({ backbone, modules }: SentenceEncoderParts): SentenceEncoder['direct'] {
  if (backbone.type !== 'StaticEmbedding' || modules.some(({ direct }) => !direct)) return undefined
  const [name] = backbone.backbone.shapes.keys()
  return (inputs: Inputs, parameters: Parameters) => {
    const { data, shape } = parameters.get(name) as HostTensor<Float32Array>
    const [count, width] = shape
    const { ids, offsets } = inputs as { ids: HostTensor<Int32Array>; offsets: HostTensor<Int32Array> }
    const rows = meanRows({ kind: 'float32', rows: data, count, width }, { ids: ids.data, offsets: offsets.data })
    for (const module of modules) module.direct?.(rows, width)
    return vectors(rows, offsets.data.length - 1, width)
  }
}

/** All that decides about the vectors besides the weights, and nothing about where the model lies. */
function fingerprintOf(parts: SentenceEncoderParts): unknown {
  const { backbone, modules, files, maxLength, truncationSide, lowerCase, model2vec } = parts
  return {
    type: backbone.type,
    family: backbone.backbone.family,
    config: backbone.parsedConfig,
    modules: modules.map(({ type, config }) => ({ type, config })),
    tokenizer: tokenizerRules(files, backbone.type === 'Transformer'),
    prompts: promptsByRole(parts),
    // Infinity is no JSON.
    maxLength: { query: String(maxLength.query), document: String(maxLength.document) },
    truncationSide,
    lowerCase,
    model2vec: model2vec && { maxCharacters: String(model2vec.maxCharacters), dropUnknown: model2vec.dropUnknown },
  }
}
