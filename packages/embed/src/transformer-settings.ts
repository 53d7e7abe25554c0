import { type ModelFiles, MsError } from '@ms/core'
import { z } from 'zod'
import { readJsonIfThere } from './read-json.js'
import type { MaxLength } from './text-processor.js'

const length = z.int().positive()

const schema = z
  .object({
    max_seq_length: length.nullish(),
    do_lower_case: z.boolean().nullish(),
    query_length: length.nullish(),
    document_length: length.nullish(),
    query_expansion: z.null({ error: 'expanded queries are for models with a vector a token, which are not known here' }).optional(),
    transformer_task: z.literal('feature-extraction', { error: 'only "feature-extraction" makes embeddings of text' }).nullish(),
    module_output_name: z.literal('token_embeddings', { error: 'only "token_embeddings" is known' }).nullish(),
    modality_config: z
      .object({
        text: z.object({ method: z.literal('forward').optional(), method_output_name: z.literal('last_hidden_state').optional() }),
      })
      .nullish(),
    processor_kwargs: z.object({ model_max_length: length.nullish() }).nullish(),
    tokenizer_args: z.object({ model_max_length: length.nullish() }).nullish(),
  })
  .catchall(z.unknown())

/** The file's name was the family's in the first versions. */
const fileNames = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (family) => `sentence_${family}_config.json`,
)

export interface TransformerSettings {
  readonly maxLength: MaxLength
  /** Lower-case texts before the tokeniser's own normaliser. */
  readonly lowerCase: boolean
}

export interface TransformerLimits {
  /** `model_max_length` of tokenizer_config.json. */
  modelMaxLength: number | undefined
  /** Positions the network has. */
  positions: number
}

/**
 * What sentence_bert_config.json says, with sentence-transformers' order of precedence: its own max_seq_length, else the tokeniser's
 * model_max_length, and never more than the network has positions.
 * @throws `config.invalid` naming the field, also for a setting that is known but cannot be obeyed
 */
export async function readTransformerSettings(
  files: ModelFiles,
  names: ReadonlySet<string>,
  { modelMaxLength, positions }: TransformerLimits,
): Promise<TransformerSettings> {
  const name = fileNames.find((each) => names.has(each)) ?? fileNames[0]
  const settings = (await readJsonIfThere(files, names, name, schema)) ?? {}
  const wanted =
    settings.processor_kwargs?.model_max_length ??
    settings.tokenizer_args?.model_max_length ??
    settings.max_seq_length ??
    modelMaxLength ??
    positions
  const most = Math.min(wanted, positions)
  if (most < 1) throw new MsError('config.invalid', 'there is no room for any token', { where: `${files.location}/${name}` })
  return {
    maxLength: {
      query: Math.min(settings.query_length ?? most, positions),
      document: Math.min(settings.document_length ?? most, positions),
    },
    lowerCase: settings.do_lower_case ?? false,
  }
}
