import type { ImageSettings, PictureSize, PreparedPicture } from '@ms/backbones'
import { atInputSize } from '@ms/backbones'
import type { ImageSource } from '@ms/core'
import type { Backbone, Encoder, Parameters, Processor } from '@ms/core/tensor'
import { batchPictures } from './batch-pictures.js'
import { assertParameters, chainCut, chainDim, chainDropouts, chainForward, chainShapes, type ModuleChain } from './module-chain.js'
import type { EncoderModule } from './modules/encoder-module.js'
import type { Notice, Similarity } from './sentence-encoder.js'

/** Reads pictures as these settings say: `imageProcessor` of `@ms/backbones/node`. */
export type OpenImageProcessor = (settings: ImageSettings) => Processor<ImageSource, PreparedPicture>

/** The first module: what turns pixels into vectors. */
export interface ImageBackbone {
  readonly backbone: Backbone
  /** What it makes: a vector a place (a map, or patches), to be pooled; or one a picture, pooled already. */
  readonly makes: 'places' | 'pooled'
  /** config.json as it was found. */
  readonly config: Readonly<Record<string, unknown>>
  /** What of it decides about the vectors. */
  readonly parsedConfig: unknown
}

/** All that makes an encoder of pictures, besides its weights. */
export interface ImageEncoderParts {
  readonly backbone: ImageBackbone
  readonly modules: readonly EncoderModule[]
  /** How pictures are scaled, cut and normalised. */
  readonly settings: ImageSettings
  readonly openProcessor: OpenImageProcessor
  /** Licences and what else is saved with the model, by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly similarity: Similarity
  readonly truncateDim?: number
  readonly notices: readonly Notice[]
}

/** An encoder of pictures: processor → backbone → pooling → dense → normalise. */
export interface ImageEncoder extends Encoder<ImageSource, PreparedPicture> {
  /** What its items are. */
  readonly modality: 'image'
  readonly parts: ImageEncoderParts
  /** `resnet`, `vit` … */
  readonly family: string
  /** How pictures are scaled, cut and normalised. */
  readonly settings: ImageSettings
  readonly similarity: Similarity
  /** Components that the model's author wants to be kept; undefined: all. */
  readonly truncateDim?: number
  /** Pictures that are encoded together, so that what lies in memory at a time stays small. */
  readonly batchItems: number
  readonly notices: readonly Notice[]
  /** See `encoderSpace`. */
  readonly fingerprint: unknown
  withParameters(parameters: Parameters): ImageEncoder
  /** The same encoder with other modules behind the backbone, and weights for all of them. */
  withModules(modules: readonly EncoderModule[], parameters: Parameters): ImageEncoder
  /** The same encoder that sees pictures at another size, pixels: smaller is quicker, larger sees more. */
  withInputSize(size: number | PictureSize): ImageEncoder
}

/**
 * Puts backbone, modules and weights together.
 * @throws `weights.missing`, `weights.extra`, `weights.shape`, `encoder.no-embedding` when nothing makes one vector of a picture
 */
export function imageEncoder(parts: ImageEncoderParts, parameters: Parameters): ImageEncoder {
  return build(parts, parameters, parts.openProcessor(parts.settings))
}

/** One processor serves all encoders that read pictures in the same way: it may hold decoded pictures. */
function build(parts: ImageEncoderParts, parameters: Parameters, processor: ImageEncoder['processor']): ImageEncoder {
  const chain = chainOf(parts)
  const { backbone } = chain
  assertParameters(parameters, chainShapes(chain))
  const encoder: ImageEncoder = {
    modality: 'image',
    parts,
    dim: chainDim(chain),
    parameters,
    family: backbone.family,
    settings: parts.settings,
    similarity: parts.similarity,
    truncateDim: parts.truncateDim,
    batchItems: batchPictures(parts.settings.crop),
    notices: parts.notices,
    symmetric: true,
    lookups: {},
    statistics: backbone.statistics,
    processor,
    dropouts: chainDropouts(chain),
    forward: chainForward(chain),
    get fingerprint() {
      return fingerprintOf(parts)
    },
    cut: (frozen) => chainCut(chain, encoder, frozen, (modules, own) => build({ ...parts, modules }, own, processor)),
    withParameters: (others) => build(parts, others, processor),
    withModules: (modules, others) => build({ ...parts, modules }, others, processor),
    withInputSize: (size) => imageEncoder({ ...parts, settings: atInputSize(parts.settings, size) }, parameters),
  }
  return encoder
}

function chainOf({ backbone: { backbone, makes }, modules }: Pick<ImageEncoderParts, 'backbone' | 'modules'>): ModuleChain {
  const { width } = backbone
  return { backbone, modules, start: makes === 'pooled' ? { sentence_embedding: width } : { token_embeddings: width } }
}

/** All that decides about the vectors besides the weights, and nothing about where the model lies. */
function fingerprintOf({ backbone, modules, settings }: ImageEncoderParts): unknown {
  return {
    type: 'ImageBackbone',
    family: backbone.backbone.family,
    config: backbone.parsedConfig,
    modules: modules.map(({ type, config }) => ({ type, config })),
    settings,
  }
}
