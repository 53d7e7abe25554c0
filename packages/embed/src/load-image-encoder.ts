import { atInputSize, type ImageSettings, loadBackbone, type PictureSize, parseImageSettings } from '@ms/backbones'
import { type ModelFiles, MsError } from '@ms/core'
import type { BackbonePlugin } from '@ms/core/tensor'
import { z } from 'zod'
import { type ImageBackbone, type ImageEncoder, imageEncoder, type OpenImageProcessor } from './image-encoder.js'
import { loadModules } from './load-modules.js'
import { readModelSettings } from './model-settings.js'
import { readModuleList, subFiles } from './modules/module-list.js'
import { type PoolingMode, pooling } from './modules/pooling.js'
import { exportedOnly, manifestName } from './onnx/exported-manifest.js'
import { readJsonIfThere } from './read-json.js'

export interface LoadImageEncoderOptions {
  /** Families of networks that may be found. Default: all that read pictures. */
  backbones?: readonly BackbonePlugin[]
  /** What reads pictures: `imageProcessor` of `@ms/backbones/node`. */
  openProcessor: OpenImageProcessor
  /** Size of the pictures that the network sees, pixels. Default: what the model's files say. */
  inputSize?: number | PictureSize
  /** How the places of a picture become one vector, where the files do not say. Default: the mean of a map, the first token of patches. */
  pooling?: readonly PoolingMode[]
}

/** Networks whose first token stands for the picture. */
const withClassToken = ['vit', 'deit', 'dinov2']

/** Files beside weights and configurations that belong to a model: its licence. */
const kept = /^(LICENSE|NOTICE|ATTRIBUTION)(\.\w+)?$/i

/**
 * Loads an encoder of pictures: a directory that `saveEncoder` wrote, or a plain one of timm or transformers, whose network is then pooled
 * and not normalised. (`architectureFiles` of `@ms/backbones` makes such a directory of a bare checkpoint.)
 *
 * @throws `encoder.exported`, `encoder.no-image-settings` when nothing says how pictures are to be read, `encoder.order`, `encoder.module-unknown`,
 *   `encoder.width`, and what reading configurations and weights throws
 */
export async function loadImageEncoder(files: ModelFiles, options: LoadImageEncoderOptions): Promise<ImageEncoder> {
  const names = new Set(await files.list())
  if (names.has(manifestName)) throw exportedOnly(files)
  const entries = names.has('modules.json') ? await readModuleList(files) : undefined
  if (entries && entries[0].type !== 'ImageBackbone') {
    throw new MsError('encoder.order', `the first module is ${entries[0].type}; of a model of pictures it is ImageBackbone`, {
      where: `${files.location}/modules.json`,
    })
  }
  const own = subFiles(files, entries?.[0].path ?? '')
  const settings = await readImageSettings(own)
  const { plugin, config, parsedConfig, backbone, parameters } = await loadBackbone(
    own,
    options.backbones ? { backbones: options.backbones } : {},
  )
  const first: ImageBackbone = {
    backbone,
    makes: backbone.makes ?? 'places',
    config,
    parsedConfig: plugin.fingerprint?.(parsedConfig) ?? parsedConfig,
  }
  const { width } = backbone
  const modelSettings = await readModelSettings(files, names)
  const { modules, parameters: moduleParameters } = entries
    ? await loadModules(files, entries.slice(1), first.makes === 'pooled' ? { sentence_embedding: width } : { token_embeddings: width })
    : { modules: first.makes === 'pooled' ? [] : [plainPooling(first, options.pooling)], parameters: new Map() }
  const licences = [...names].filter((name) => kept.test(name))
  return imageEncoder(
    {
      backbone: first,
      modules,
      settings: options.inputSize === undefined ? settings : atInputSize(settings, options.inputSize),
      openProcessor: options.openProcessor,
      files: new Map(await Promise.all(licences.map(async (name) => [name, await files.read(name)] as const))),
      similarity: modelSettings.similarity,
      truncateDim: modelSettings.truncateDim,
      notices: [],
    },
    new Map([...parameters, ...moduleParameters]),
  )
}

function plainPooling({ backbone: { family, width } }: ImageBackbone, modes?: readonly PoolingMode[]) {
  return pooling(width, { modes: modes ?? (withClassToken.includes(family) ? ['cls'] : ['mean']) })
}

/** Our own exact settings, then those of transformers, then those of timm. */
const settingsFiles = ['image_settings.json', 'preprocessor_config.json', 'processor_config.json', 'config.json']

async function readImageSettings(files: ModelFiles): Promise<ImageSettings> {
  const names = new Set(await files.list())
  for (const name of settingsFiles) {
    const json = await readJsonIfThere(files, names, name, z.record(z.string(), z.unknown()))
    if (json && (name !== 'config.json' || 'pretrained_cfg' in json)) return parseImageSettings(json, `${files.location}/${name}`)
  }
  throw new MsError('encoder.no-image-settings', 'nothing says how pictures are to be scaled and normalised', {
    where: files.location,
    advice: 'Add the preprocessor_config.json that belongs to the weights.',
  })
}
