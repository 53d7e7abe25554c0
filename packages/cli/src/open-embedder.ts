import {
  createEmbedder,
  createModelEmbedders,
  type EmbedderOptions,
  type LoadedModel,
  type ModelEmbedders,
  type OwnedEmbedder,
  type SentenceEncoder,
} from '@ms/embed'
import { openEngineFor } from './open-engine.js'
import { openAnyModel, openModel } from './open-model.js'
import type { Terminal } from './terminal.js'

export interface OpenEmbedderOptions {
  readonly options: { readonly backend?: string; readonly threads?: number }
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly embedder?: Omit<EmbedderOptions, 'engine'>
}

/** An embedder of what `--model` names. The engine is opened when it is first needed: a static model needs none. */
export async function openEmbedder(
  name: string | undefined,
  { options, terminal, signal, embedder }: OpenEmbedderOptions,
): Promise<OwnedEmbedder<string>> {
  return embedderOf(await openModel(name, { terminal, signal }), { options, terminal, signal, embedder })
}

/** The same of an encoder that is there already. */
function embedderOf(
  encoder: SentenceEncoder,
  { options, terminal, signal, embedder }: OpenEmbedderOptions,
): Promise<OwnedEmbedder<string>> {
  return createEmbedder(encoder, { ...embedder, engine: () => openEngineFor(options, terminal, signal) })
}

/** For searching: unit vectors, unless the model's author says that its vectors' lengths count. */
export async function openSearchEmbedder(
  name: string | undefined,
  open: Omit<OpenEmbedderOptions, 'embedder'>,
): Promise<OwnedEmbedder<string>> {
  const encoder = await openModel(name, open)
  return embedderOf(encoder, { ...open, embedder: { normalize: encoder.similarity !== 'dot' } })
}

/** Texts, pictures or both: the embedders of a model, for searching. */
export async function openSearchEmbedders(
  name: string | undefined,
  { options, terminal, signal }: Omit<OpenEmbedderOptions, 'embedder'>,
): Promise<SearchEmbedders> {
  const model = await openAnyModel(name, { terminal, signal })
  const normalize = (model.text ?? model.image)?.similarity !== 'dot'
  return { ...(await createModelEmbedders(model, { normalize, engine: () => openEngineFor(options, terminal, signal) })), model }
}

/** Embedders, with the encoders they are of. */
export interface SearchEmbedders extends ModelEmbedders {
  readonly model: LoadedModel
}
