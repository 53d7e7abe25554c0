import type { ModelFiles } from '@ms/core'
import { z } from 'zod'
import type { PromptSettings } from './prompts.js'
import { readJsonIfThere } from './read-json.js'
import type { Similarity } from './sentence-encoder.js'

const schema = z
  .object({
    prompts: z.record(z.string(), z.string().nullable()).nullish(),
    default_prompt_name: z.string().nullish(),
    similarity_fn_name: z.enum(['cosine', 'dot', 'euclidean', 'manhattan']).nullish(),
    truncate_dim: z.int().positive().nullish(),
    model_type: z
      .literal('SentenceTransformer', { error: 'only a SentenceTransformer is known, no cross-, sparse or multi-vector encoder' })
      .nullish(),
  })
  .catchall(z.unknown())

export interface ModelSettings extends PromptSettings {
  readonly similarity: Similarity
  readonly truncateDim?: number
}

/** Reads config_sentence_transformers.json, where there is one. @throws `config.invalid` */
export async function readModelSettings(files: ModelFiles, names: ReadonlySet<string>): Promise<ModelSettings> {
  const settings = (await readJsonIfThere(files, names, 'config_sentence_transformers.json', schema)) ?? {}
  return {
    prompts: Object.fromEntries(Object.entries(settings.prompts ?? {}).map(([name, text]) => [name, text ?? ''])),
    defaultPromptName: settings.default_prompt_name ?? undefined,
    similarity: settings.similarity_fn_name ?? 'cosine',
    truncateDim: settings.truncate_dim ?? undefined,
  }
}
