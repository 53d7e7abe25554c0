import { assertVocabulary, loadParameters } from '@ms/backbones'
import { type ModelFiles, MsError } from '@ms/core'
import type { BackbonePlugin } from '@ms/core/tensor'
import { z } from 'zod'
import type { FirstModule } from './first-module.js'
import { openSequenceTokenizer } from './open-sequence-tokenizer.js'
import { readJson } from './read-json.js'
import { positionsOf } from './sentence-encoder.js'
import type { MaxLength } from './text-processor.js'
import { readTokenizerFiles, readTruncation } from './tokenizer-files.js'
import { readTransformerSettings } from './transformer-settings.js'

const configSchema = z.object({ model_type: z.string().optional() }).catchall(z.unknown())

export interface LoadTransformerOptions {
  backbones: readonly BackbonePlugin[]
  maxLength?: number
}

/** A network that reads sequences, with its tokeniser: what modules.json calls a Transformer. */
export async function loadTransformer(files: ModelFiles, { backbones, maxLength }: LoadTransformerOptions): Promise<FirstModule> {
  const names = new Set(await files.list())
  const where = `${files.location}/config.json`
  const config = await readJson(files, 'config.json', configSchema)
  const plugin = backbones.find(({ modelTypes }) => config.model_type !== undefined && modelTypes.includes(config.model_type))
  if (!plugin) {
    throw new MsError('encoder.backbone-unknown', `the field model_type is ${config.model_type ?? 'missing'}`, {
      where,
      advice: `Known are ${backbones.flatMap(({ modelTypes }) => modelTypes).join(', ')}. Hand over a plug-in for another one.`,
    })
  }
  const parsedConfig = plugin.parseConfig(config, where)
  const backbone = plugin.create(parsedConfig)
  const kept = await readTokenizerFiles(files, names)
  const truncation = await readTruncation(files, names)
  const plainTokenizer = await openSequenceTokenizer(files, names, { side: truncation.side, lowerCase: false })
  const settings = await readTransformerSettings(files, names, {
    modelMaxLength: plainTokenizer.modelMaxLength,
    positions: positionsOf(config),
  })
  const tokenizer = settings.lowerCase
    ? await openSequenceTokenizer(files, names, { side: truncation.side, lowerCase: true })
    : plainTokenizer
  for (const table of Object.keys(backbone.lookups)) assertVocabulary(tokenizer, backbone.shapes.get(table)?.[0] ?? 0, files.location)
  const parameters = await loadParameters(files, backbone.shapes, {
    rename: (key) => (plugin.rename ? plugin.rename(key, parsedConfig) : key),
  })
  return {
    backbone: { type: 'Transformer', backbone, config, parsedConfig: plugin.fingerprint?.(parsedConfig) ?? parsedConfig },
    tokenizer,
    files: kept,
    maxLength: atMost(settings.maxLength, maxLength, positionsOf(config)),
    truncationSide: truncation.side,
    lowerCase: settings.lowerCase,
    parameters,
  }
}

/** A limit that the caller gives replaces the model's, but cannot exceed its positions. */
function atMost(own: MaxLength, wanted: number | undefined, positions: number): MaxLength {
  if (wanted === undefined) return own
  return { query: Math.min(wanted, positions), document: Math.min(wanted, positions) }
}
