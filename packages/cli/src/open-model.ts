import type { SentenceEncoder } from '@ms/embed'
import { openEncoder } from '@ms/embed/node'
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
