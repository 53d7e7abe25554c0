import { MsError } from '@ms/core'
import { z } from 'zod'
import { activationNames } from './activation.js'

const positive = z.number().int().positive()

/** Share of units that are dropped while training; the original's where old files say nothing. */
const rate = z.number().min(0).lt(1).default(0.1)

const schema = z
  .object({
    vocab_size: positive,
    hidden_size: positive,
    num_hidden_layers: z.number().int().nonnegative(),
    num_attention_heads: positive,
    intermediate_size: positive,
    hidden_act: z.enum(activationNames).default('gelu'),
    hidden_dropout_prob: rate,
    attention_probs_dropout_prob: rate,
    layer_norm_eps: z.number().positive().default(1e-12),
    max_position_embeddings: positive,
    type_vocab_size: positive.default(2),
    position_embedding_type: z
      .literal('absolute', { error: 'only "absolute" position embeddings can be computed' })
      .nullish()
      .transform(() => 'absolute' as const),
    is_decoder: z.literal(false, { error: 'a decoder sees only earlier tokens; only encoders can be computed' }).nullish(),
    add_cross_attention: z.literal(false, { error: 'cross-attention cannot be computed' }).nullish(),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    error: 'must divide hidden_size',
  })

/** The fields of a BERT's config.json that decide what it computes, and how it is trained. */
export type BertConfig = Readonly<Omit<z.infer<typeof schema>, 'is_decoder' | 'add_cross_attention'>>

/** @throws `config.invalid` naming the field */
export function parseBertConfig(json: unknown, where: string): BertConfig {
  const result = schema.safeParse(json)
  if (result.success) {
    const { is_decoder: _, add_cross_attention: __, ...config } = result.data
    return config
  }
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'config.json'}: ${issue.message}`)
  throw new MsError('config.invalid', issues.join('; '), {
    where,
    advice: 'Take the config.json that belongs to the weights, of a network with model_type bert.',
    details: { fields: result.error.issues.map((issue) => issue.path.join('.')) },
  })
}
