import type { ImageSource, ModelFiles } from '@ms/core'
import type { ImageEncoder, LoadedModel, PluggedEncoder, SentenceEncoder } from '@ms/embed'
import { type OpenModelOptions as OpenAnyOptions, openModel as openAny, openEncoder } from '@ms/embed/node'
import { builtinModels, defaultModel } from './default-model.js'
import { loadPlugins, type Plugin } from './load-plugins.js'
import { takesPictures, takesTexts } from './modality.js'
import type { Terminal } from './terminal.js'

export { defaultModel, defaultPictureModel } from './default-model.js'

export interface OpenModelOptions {
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

export interface OpenTextModelOptions extends OpenModelOptions {
  /** What the name stands for, where that is known already. */
  readonly files?: ModelFiles
}

/** Opens what `--model` names: a preset, a hub id, a folder, or a finished run. */
export async function openModel(name: string = defaultModel, { terminal, signal, files }: OpenTextModelOptions): Promise<SentenceEncoder> {
  const builtin = files ? { [name]: async () => files } : builtinModels
  const encoder = await openEncoder(name, { builtin, signal })
  for (const notice of encoder.notices) terminal.note(`note[${notice.code}]: ${notice.message}`)
  return encoder
}

export interface OpenAnyModelOptions extends OpenModelOptions, Pick<OpenAnyOptions, 'text' | 'image' | 'pictures' | 'seed'> {
  /** What `--plugin` names. */
  readonly plugin?: readonly string[]
}

/** What `--model` means where it is left out: a fresh encoder of the one plug-in that is given, else the usual model. */
const usualModel = ([plugin, ...others]: readonly Plugin[]) => (plugin && others.length === 0 ? plugin.name : defaultModel)

/** The same for texts, pictures or both: what the model's files hold, or a plug-in makes. */
export async function openAnyModel(
  name: string | undefined,
  { terminal, signal, plugin, ...options }: OpenAnyModelOptions,
): Promise<LoadedModel> {
  const plugins = await loadPlugins(plugin)
  const model = await openAny(name ?? usualModel(plugins), { builtin: builtinModels, signal, plugins, ...options })
  for (const encoder of [model.text, model.image]) {
    for (const notice of encoder?.notices ?? []) terminal.note(`note[${notice.code}]: ${notice.message}`)
  }
  return model
}

/** The encoder of texts of a model. @throws `encoder.modality` where it has none */
export function textEncoder({ text }: LoadedModel, name: string = defaultModel): SentenceEncoder | PluggedEncoder {
  if (text) return text
  throw takesPictures(name)
}

/** The encoder of pictures of a model. @throws `encoder.modality` where it has none */
export function pictureEncoder({ image }: LoadedModel, name: string = defaultModel): ImageEncoder | PluggedEncoder<ImageSource> {
  if (image) return image
  throw takesTexts(name)
}
