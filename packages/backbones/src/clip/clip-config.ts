import { MsError } from '@ms/core'
import { z } from 'zod'
import { activationNames } from '../bert/activation.js'
import { parseFields } from '../layers/parse-fields.js'

const positive = z.number().int().positive()

/** What both towers have; the defaults are those of ViT-B/32, of which config.json files say only what is otherwise. */
const tower = {
  num_hidden_layers: z.number().int().nonnegative().default(12),
  hidden_act: z.enum(activationNames).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
}

const textSchema = z.object({
  ...tower,
  hidden_size: positive.default(512),
  intermediate_size: positive.default(2048),
  num_attention_heads: positive.default(8),
  vocab_size: positive.default(49_408),
  max_position_embeddings: positive.default(77),
})

const visionSchema = z.object({
  ...tower,
  hidden_size: positive.default(768),
  intermediate_size: positive.default(3072),
  num_attention_heads: positive.default(12),
  image_size: positive.default(224),
  patch_size: positive.default(32),
  num_channels: z.literal(3, { error: 'only pictures of three channels can be computed' }).default(3),
})

/** What of a CLIP's config.json decides what its text tower computes. */
export type ClipTextConfig = Readonly<z.output<typeof textSchema>> & Projected
/** The same of its picture tower. */
export type ClipVisionConfig = Readonly<z.output<typeof visionSchema>> & Projected

interface Projected {
  /** Width of the space that both towers share; undefined for a tower without projection, whose vectors are as wide as it is. */
  readonly projection_dim?: number
}

const advice = 'Take the config.json that belongs to the weights, of a network with model_type clip.'

/** @throws `config.invalid` naming the field */
export function parseClipTextConfig(json: unknown, where: string): ClipTextConfig {
  const { fields, projected } = part(json, 'text_config', 'CLIPTextModel', where)
  return withHeads({ ...parseFields(textSchema, fields, where, advice), ...projected }, where)
}

/** @throws `config.invalid` naming the field */
export function parseClipVisionConfig(json: unknown, where: string): ClipVisionConfig {
  const { fields, projected } = part(json, 'vision_config', 'CLIPVisionModel', where)
  const config = withHeads({ ...parseFields(visionSchema, fields, where, advice), ...projected }, where)
  if (config.image_size % config.patch_size === 0) return config
  throw new MsError('config.invalid', 'image_size must be a multiple of patch_size', { where, advice, details: { fields: ['image_size'] } })
}

const outerSchema = z.object({
  projection_dim: positive.default(512),
  architectures: z.array(z.string()).nullish(),
  text_config: z.looseObject({}).nullish(),
  vision_config: z.looseObject({}).nullish(),
})

/** One tower's fields: in a config of both, or a file of its own. */
function part(json: unknown, name: 'text_config' | 'vision_config', bare: string, where: string) {
  const outer = parseFields(outerSchema, json, where, advice)
  const projected: Projected = outer.architectures?.includes(bare) ? {} : { projection_dim: outer.projection_dim }
  return { fields: outer[name] ?? json, projected }
}

function withHeads<C extends { readonly hidden_size: number; readonly num_attention_heads: number }>(config: C, where: string): C {
  if (config.hidden_size % config.num_attention_heads === 0) return config
  throw new MsError('config.invalid', 'num_attention_heads must divide hidden_size', {
    where,
    advice,
    details: { fields: ['num_attention_heads'] },
  })
}
