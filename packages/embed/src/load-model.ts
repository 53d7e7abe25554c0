import { type ModelFiles, MsError } from '@ms/core'
import { z } from 'zod'
import type { ImageEncoder } from './image-encoder.js'
import { type LoadEncoderOptions, loadEncoder } from './load-encoder.js'
import { type LoadImageEncoderOptions, loadImageEncoder } from './load-image-encoder.js'
import { readModuleList, subFiles } from './modules/module-list.js'
import { readJsonIfThere } from './read-json.js'
import type { SentenceEncoder } from './sentence-encoder.js'

/** What a model's files hold: an encoder of texts, one of pictures, or both into one space. */
export interface LoadedModel {
  readonly text?: SentenceEncoder
  readonly image?: ImageEncoder
}

export interface LoadModelOptions {
  text?: LoadEncoderOptions
  image?: LoadImageEncoderOptions
}

const folders = { text: 'text', image: 'image' } as const

const has = (names: ReadonlySet<string>, folder: string) => names.has(`${folder}/modules.json`) || names.has(`${folder}/config.json`)

/**
 * Loads a model and tells from its files what items it takes: texts (`loadEncoder`), pictures (`loadImageEncoder`), or both, where there are
 * two encoders in `text/` and `image/`.
 *
 * @throws `encoder.no-image-processor` for a model of pictures when `options.image` is not given, and what the loaders throw
 */
export async function loadModel(files: ModelFiles, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const names = new Set(await files.list())
  const loadImage = (own: ModelFiles) => {
    if (options.image) return loadImageEncoder(own, options.image)
    throw new MsError('encoder.no-image-processor', 'this model reads pictures, and nothing was given that decodes them', {
      where: files.location,
      advice: 'Use openModel of @ms/embed/node, or hand over imageProcessor of @ms/backbones/node.',
    })
  }
  if (has(names, folders.text) && has(names, folders.image)) {
    return { text: await loadEncoder(subFiles(files, folders.text), options.text), image: await loadImage(subFiles(files, folders.image)) }
  }
  return (await readsPictures(files, names)) ? { image: await loadImage(files) } : { text: await loadEncoder(files, options.text) }
}

async function readsPictures(files: ModelFiles, names: ReadonlySet<string>): Promise<boolean> {
  if (names.has('modules.json')) return (await readModuleList(files))[0].type === 'ImageBackbone'
  if (names.has('tokenizer.json') || names.has('vocab.txt')) return false
  const config = await readJsonIfThere(files, names, 'config.json', z.record(z.string(), z.unknown()))
  return config !== undefined && ('pretrained_cfg' in config || names.has('preprocessor_config.json'))
}
