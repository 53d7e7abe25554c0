import type { ImageSource } from '@ms/core'
import type { Encoder } from '@ms/core/tensor'
import type { LoadedModel, ModelEmbedders } from '@ms/embed'
import { createModelEmbedders, isExportedDirectory, type VectorCache } from '@ms/embed/node/serve'
import { type OpenEmbedderOptions, openExported } from './open-embedder.js'

/** Embedders, with the encoders they are of. */
export interface SearchEmbedders extends ModelEmbedders {
  /** Empty for an exported model, which embeds and nothing else. */
  readonly model: LoadedModel
  /** What reads pictures. */
  readonly reader?: Pick<Encoder<ImageSource>, 'processor'>
}

export interface OpenSearchEmbeddersOptions extends Omit<OpenEmbedderOptions, 'embedder'> {
  /** Shared by models of which one encoder may be the same. */
  readonly cache?: VectorCache
}

/** Texts, pictures or both: the embedders of a model, for searching. */
export async function openSearchEmbedders(name: string | undefined, options: OpenSearchEmbeddersOptions): Promise<SearchEmbedders> {
  const { terminal, signal, cache } = options
  if (name !== undefined && (await isExportedDirectory(name))) {
    const { text, image } = await openExported(name, options)
    const embedders = await createModelEmbedders({ text, image }, { normalize: (text ?? image)?.similarity !== 'dot', cache })
    return {
      ...embedders,
      model: {},
      ...(image ? { reader: image } : {}),
      dispose: async () => {
        await embedders.dispose()
        await text?.dispose()
        await image?.dispose()
      },
    }
  }
  const [{ openAnyModel }, { openEngineFor }] = await Promise.all([import('./open-model.js'), import('./open-engine.js')])
  const model = await openAnyModel(name, { terminal, signal, plugin: options.options.plugin })
  const normalize = (model.text ?? model.image)?.similarity !== 'dot'
  const embedders = await createModelEmbedders(model, { normalize, cache, engine: () => openEngineFor(options.options, terminal, signal) })
  return { ...embedders, model, ...(model.image ? { reader: model.image } : {}) }
}
