import { MsError } from '@ms/core'
import type { ImageEncoder, LoadedModel, SentenceEncoder } from '@ms/embed'
import { type OpenModelOptions as OpenAnyOptions, openModel as openAny, openEncoder } from '@ms/embed/node'
import { miniText } from '@ms/mini'
import type { Terminal } from './terminal.js'

/** The model that is used where none is named. */
export const defaultModel = 'ms-mini-text'

export interface OpenModelOptions {
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** Opens what `--model` names: a preset, a hub id, a folder, or a finished run. */
export async function openModel(name: string = defaultModel, { terminal, signal }: OpenModelOptions): Promise<SentenceEncoder> {
  const encoder = await openEncoder(name, { builtin: { [defaultModel]: async () => miniText() }, signal })
  for (const notice of encoder.notices) terminal.note(`note[${notice.code}]: ${notice.message}`)
  return encoder
}

/** The same for texts, pictures or both: what the model's files hold. */
export async function openAnyModel(
  name: string = defaultModel,
  { terminal, signal, ...options }: OpenModelOptions & Pick<OpenAnyOptions, 'image' | 'pictures'>,
): Promise<LoadedModel> {
  const model = await openAny(name, { builtin: { [defaultModel]: async () => miniText() }, signal, ...options })
  for (const encoder of [model.text, model.image]) {
    for (const notice of encoder?.notices ?? []) terminal.note(`note[${notice.code}]: ${notice.message}`)
  }
  return model
}

/** The encoder of pictures of a model. @throws `encoder.modality` where it has none */
export function pictureEncoder({ image }: LoadedModel, name: string = defaultModel): ImageEncoder {
  if (image) return image
  throw new MsError('encoder.modality', 'this model takes texts, and these are pictures', {
    where: name,
    advice: 'Name a model of pictures with --model.',
  })
}
