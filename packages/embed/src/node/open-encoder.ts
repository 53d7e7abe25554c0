import { presets as allPresets, type Preset } from '@ms/backbones'
import { type ModelFiles, MsError, type Role } from '@ms/core'
import { builtinBackbones, type LoadEncoderOptions, loadEncoder } from '../load-encoder.js'
import { promptFor } from '../prompts.js'
import { type SentenceEncoder, sentenceEncoder } from '../sentence-encoder.js'
import { type ResolveModelOptions, resolveModel } from './resolve-model.js'

export interface OpenEncoderOptions extends ResolveModelOptions, LoadEncoderOptions {}

/**
 * Loads the encoder that a name stands for: a built-in model, a preset, a folder, the folder of a finished training run, `org/name` on
 * the hub. Files can be handed over themselves instead of a name.
 *
 * Some published models want a prompt that only their card names. Where a preset knows it and the files do not, it is used, and a notice
 * says so.
 *
 * @throws `encoder.backbone-unknown` for a preset of a family that is not known, what `resolveModel` and `loadEncoder` throw
 * @example
 * ```ts
 * import { openEncoder } from '@ms/embed/node'
 *
 * const encoder = await openEncoder('sentence-transformers/all-MiniLM-L6-v2')
 * console.log(encoder.dim) // 384
 * ```
 */
export async function openEncoder(model: string | ModelFiles, options: OpenEncoderOptions = {}): Promise<SentenceEncoder> {
  if (typeof model !== 'string') return loadEncoder(model, options)
  const files = await resolveModel(model, options)
  const preset = (options.presets ?? allPresets).find(({ id }) => files.location.startsWith(`${id}@`))
  if (preset) assertSupported(preset, options)
  const encoder = await loadEncoder(files, options)
  return preset ? withPresetPrompts(encoder, preset) : encoder
}

/** Better said before hundreds of megabytes are fetched. */
function assertSupported({ name, architecture }: Preset, { backbones = builtinBackbones }: LoadEncoderOptions): void {
  if (architecture === 'static' || backbones.some(({ modelTypes }) => modelTypes.includes(architecture))) return
  throw new MsError('encoder.backbone-unknown', `${name} is a network of the family ${architecture}, which is not known here`, {
    where: 'model',
    advice: 'Choose another preset, or hand over a plug-in for that family.',
  })
}

function withPresetPrompts(encoder: SentenceEncoder, { prompts = {} }: Preset): SentenceEncoder {
  const missing = (Object.entries(prompts) as [Role, string][]).filter(([role]) => promptFor(role, encoder.parts) === '')
  if (missing.length === 0) return encoder
  const { parts, parameters } = encoder.withPrompts(Object.fromEntries(missing))
  const shown = missing.map(([role, prompt]) => `${role} ${JSON.stringify(prompt)}`).join(', ')
  const notice = { code: 'encoder.card-prompts', message: `prompts are taken from the model's card, its files have none: ${shown}` }
  return sentenceEncoder({ ...parts, notices: [...parts.notices, notice] }, parameters)
}
