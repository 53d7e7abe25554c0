import { type ImageProcessorOptions, imageProcessor } from '@ms/backbones/node'
import type { ImageSource, ModelFiles } from '@ms/core'
import type { EncoderPlugin } from '@ms/core/tensor'
import type { LoadEncoderOptions } from '../load-encoder.js'
import type { LoadImageEncoderOptions } from '../load-image-encoder.js'
import { type LoadedModel, loadModel } from '../load-model.js'
import { pluggedEncoder } from '../plugged/plugged-encoder.js'
import { openEncoder } from './open-encoder.js'
import { type ResolveModelOptions, resolveModel } from './resolve-model.js'

export interface OpenModelOptions extends ResolveModelOptions {
  /** How an encoder of texts is loaded. */
  text?: LoadEncoderOptions
  /** How an encoder of pictures is loaded. */
  image?: Omit<LoadImageEncoderOptions, 'openProcessor'>
  /** How pictures are read: limits, what is kept of them. */
  pictures?: ImageProcessorOptions
  /** Kinds of encoders besides those that are known here. The name of one stands for a fresh encoder of its kind. Default: none. */
  plugins?: readonly EncoderPlugin<ImageSource>[]
  /** Of a fresh encoder of a plug-in. Default: 1. */
  seed?: number
}

/**
 * Loads what a name stands for, whatever items it takes: a plug-in's name, a built-in model, a preset, a folder, the folder of a finished training run,
 * `org/name` on the hub, or `architecture:file` for a bare checkpoint. `openEncoder` is for those who know that it is texts.
 *
 * @throws what `resolveModel` and `loadModel` throw
 * @example
 * ```ts
 * import { createEmbedder } from '@ms/embed'
 * import { openModel } from '@ms/embed/node'
 * import { openEngine } from '@ms/runtime/node'
 *
 * const { image } = await openModel('resnet50:weights/resnet50.pth')
 * if (image) {
 *   const embedder = await createEmbedder(image, { engine: () => openEngine(), normalize: true })
 *   const vectors = await embedder.embed(['heart.png', 'star.svg'])
 *   console.log(vectors.dim) // 2048
 * }
 * ```
 */
export async function openModel(model: string | ModelFiles, options: OpenModelOptions = {}): Promise<LoadedModel> {
  const { text, image, pictures, plugins = [], seed = 1, ...resolve } = options
  const fresh = plugins.find(({ name }) => name === model)
  if (fresh) {
    const encoder = pluggedEncoder(fresh, await fresh.create({ seed }))
    return encoder.modality === 'image' ? { image: encoder } : { text: encoder }
  }
  const files = typeof model === 'string' ? await resolveModel(model, resolve) : model
  const loaded = await loadModel(files, {
    plugins,
    ...(text ? { text } : {}),
    image: { ...image, openProcessor: (settings) => imageProcessor(settings, pictures) },
  })
  // A preset of texts knows prompts that its files do not.
  return loaded.text && !('plugin' in loaded.text) && !loaded.image && typeof model === 'string'
    ? { text: await openEncoder(model, { ...resolve, ...text }) }
    : loaded
}
