import { type ImageSource, type ModelFiles, MsError } from '@ms/core'
import type { EncoderPlugin } from '@ms/core/tensor'
import { z } from 'zod'
import type { ImageEncoder } from './image-encoder.js'
import { type LoadEncoderOptions, loadEncoder } from './load-encoder.js'
import { type LoadImageEncoderOptions, loadImageEncoder } from './load-image-encoder.js'
import { readModuleList, subFiles } from './modules/module-list.js'
import { loadPlugged } from './plugged/load-plugged.js'
import { assertModality, type PluggedEncoder } from './plugged/plugged-encoder.js'
import { pluginFile } from './plugged/plugin-file.js'
import { readJsonIfThere } from './read-json.js'
import type { SentenceEncoder } from './sentence-encoder.js'
import { towerFolders as folders, hasTowers } from './towers.js'

/** What a model's files hold: an encoder of texts, one of pictures, or both into one space. */
export interface LoadedModel {
  readonly text?: SentenceEncoder | PluggedEncoder
  readonly image?: ImageEncoder | PluggedEncoder<ImageSource>
}

export interface LoadModelOptions {
  text?: LoadEncoderOptions
  image?: LoadImageEncoderOptions
  /** Kinds of encoders that may be found besides those that are known here. Default: none. */
  plugins?: readonly EncoderPlugin<ImageSource>[]
}

/**
 * Loads a model and tells from its files what items it takes: texts (`loadEncoder`), pictures (`loadImageEncoder`), or both, where there are
 * two encoders in `text/` and `image/`, or one directory of transformers with both towers of a CLIP.
 *
 * @throws `encoder.no-image-processor` for a model of pictures when `options.image` is not given, `encoder.plugin-missing` naming the plug-in
 *   that made the model when it is not among `options.plugins`, and what the loaders throw
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
  if (names.has(pluginFile)) {
    const encoder = await loadPlugged(files, options.plugins)
    return encoder.modality === 'image' ? { image: encoder } : { text: encoder }
  }
  if (hasTowers(names)) {
    const [ofTexts, ofPictures] = [subFiles(files, folders.text), subFiles(files, folders.image)]
    const plugged = async (own: ModelFiles, modality: 'text' | 'image') =>
      names.has(`${folders[modality]}/${pluginFile}`)
        ? assertModality(await loadPlugged(own, options.plugins), modality, own.location)
        : undefined
    return {
      text: (await plugged(ofTexts, 'text')) ?? (await loadEncoder(ofTexts, options.text)),
      image: (await plugged(ofPictures, 'image')) ?? (await loadImage(ofPictures)),
    }
  }
  if (await isClip(files, names)) return { text: await loadEncoder(files, options.text), image: await loadImage(files) }
  return (await readsPictures(files, names)) ? { image: await loadImage(files) } : { text: await loadEncoder(files, options.text) }
}

/** Both towers in one directory: what reads texts and what reads pictures lies beside the weights. */
async function isClip(files: ModelFiles, names: ReadonlySet<string>): Promise<boolean> {
  if (names.has('modules.json') || !['tokenizer.json', 'vocab.json'].some((name) => names.has(name))) return false
  if (!['preprocessor_config.json', 'processor_config.json'].some((name) => names.has(name))) return false
  return (await readJsonIfThere(files, names, 'config.json', z.record(z.string(), z.unknown())))?.['model_type'] === 'clip'
}

async function readsPictures(files: ModelFiles, names: ReadonlySet<string>): Promise<boolean> {
  if (names.has('modules.json')) return (await readModuleList(files))[0].type === 'ImageBackbone'
  if (names.has('tokenizer.json') || names.has('vocab.txt')) return false
  const config = await readJsonIfThere(files, names, 'config.json', z.record(z.string(), z.unknown()))
  return config !== undefined && ('pretrained_cfg' in config || names.has('preprocessor_config.json'))
}
