import { MsError } from '@ms/core'
import { z } from 'zod'

const id = z.number().int().nonnegative()
const typed = z.looseObject({ type: z.string() })

/** What every tokenizer.json has. Parts that only one kind of tokenizer reads are checked where that kind is built. */
const tokenizerSchema = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({
        id,
        content: z.string(),
        single_word: z.boolean().default(false),
        lstrip: z.boolean().default(false),
        rstrip: z.boolean().default(false),
        normalized: z.boolean().optional(),
        special: z.boolean().default(false),
      }),
    )
    .default([]),
  normalizer: typed.nullable().default(null),
  pre_tokenizer: typed.nullable().default(null),
  post_processor: typed.nullable().default(null),
  decoder: typed.nullable().default(null),
  padding: z.looseObject({ pad_id: id.optional() }).nullish(),
  // Old files name no type for a WordPiece or BPE model.
  model: z.looseObject({ type: z.string().nullish() }),
})

export type TokenizerJson = z.infer<typeof tokenizerSchema>
/** A part of the pipeline: its `type` and what that type needs. */
export type TypedPart = z.infer<typeof typed>

const token = z.union([z.string(), z.looseObject({ content: z.string() }).transform((t) => t.content)])

/** The fields of tokenizer_config.json that matter here. */
const configSchema = z.looseObject({
  tokenizer_class: z.string().nullish(),
  model_max_length: z.number().nullish(),
  truncation_side: z.enum(['left', 'right']).nullish(),
  do_lower_case: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().nullish(),
  pad_token: token.nullish(),
  unk_token: token.nullish(),
  cls_token: token.nullish(),
  sep_token: token.nullish(),
  mask_token: token.nullish(),
})

export type TokenizerConfig = z.infer<typeof configSchema>

const parse =
  <T>(schema: z.ZodType<T>) =>
  (bytes: Uint8Array, where: string): T => {
    let json: unknown
    try {
      json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch (cause) {
      throw new MsError('tokenizer.malformed', 'this is not valid JSON', {
        where,
        advice: 'The file is damaged or was not fetched to the end; fetch it again.',
        cause,
      })
    }
    const result = schema.safeParse(json)
    if (result.success) return result.data
    const issue = result.error.issues[0]
    throw new MsError('tokenizer.malformed', `${issue.path.join('.') || 'the file'}: ${issue.message}`, { where })
  }

/** @throws `tokenizer.malformed` */
export const parseTokenizerJson = parse(tokenizerSchema)

/** @throws `tokenizer.malformed` */
export const parseTokenizerConfig = parse(configSchema)
