import type { LoadedModel, ModelEmbedders } from '@ms/embed'
import { isExportedDirectory } from '@ms/embed/node/serve'
import { type OpenEmbedderOptions, openSearchEmbedder } from './open-embedder.js'

/** Embedders, with the encoders they are of. */
export interface SearchEmbedders extends ModelEmbedders {
  /** Empty for an exported model, which embeds and nothing else. */
  readonly model: LoadedModel
}

/** Texts, pictures or both: the embedders of a model, for searching. */
export async function openSearchEmbedders(
  name: string | undefined,
  options: Omit<OpenEmbedderOptions, 'embedder'>,
): Promise<SearchEmbedders> {
  if (name !== undefined && (await isExportedDirectory(name))) {
    const text = await openSearchEmbedder(name, options)
    return { text, dim: text.dim, space: text.space, model: {}, dispose: text.dispose }
  }
  const [{ createModelEmbedders }, { openAnyModel }, { openEngineFor }] = await Promise.all([
    import('@ms/embed'),
    import('./open-model.js'),
    import('./open-engine.js'),
  ])
  const { terminal, signal } = options
  const model = await openAnyModel(name, { terminal, signal, plugin: options.options.plugin })
  const normalize = (model.text ?? model.image)?.similarity !== 'dot'
  const embedders = await createModelEmbedders(model, { normalize, engine: () => openEngineFor(options.options, terminal, signal) })
  return { ...embedders, model }
}
