import { z } from 'zod'
import { activationNames } from '../bert/activation.js'
import { namedConfig, parseFields } from '../layers/parse-fields.js'
import { vitConfigs } from './vit-architectures.js'

const positive = z.number().int().positive()
const pixels = z.union([positive, z.tuple([positive, positive])])

const schema = z
  .object({
    model_type: z.enum(['vit', 'deit', 'dinov2', 'dinov2_with_registers']),
    /** Whose parameter names the weights have: transformers' or timm's, where queries, keys and values are one matrix. */
    names: z.enum(['transformers', 'timm']).default('transformers'),
    hidden_size: positive,
    num_hidden_layers: z.number().int().nonnegative(),
    num_attention_heads: positive,
    /** ViT and DeiT say it, DINOv2 says `mlp_ratio`. */
    intermediate_size: positive.optional(),
    mlp_ratio: z.number().positive().default(4),
    hidden_act: z.enum(activationNames).default('gelu'),
    layer_norm_eps: z.number().positive().optional(),
    image_size: pixels.default(224),
    patch_size: pixels.default(16),
    num_channels: z.literal(3, { error: 'only pictures of three channels can be computed' }).default(3),
    qkv_bias: z.boolean().default(true),
    use_swiglu_ffn: z.boolean().default(false),
    num_register_tokens: z.number().int().nonnegative().optional(),
    /** Whether the weights have a distillation token (DeiT). */
    distilled: z.boolean().optional(),
    /** Whether the class token has a position of its own; timm's networks with registers do without. */
    class_position: z.boolean().default(true),
    /** Whether timm's weights scale what each part adds. */
    layer_scale: z.boolean().optional(),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    error: 'must divide hidden_size',
  })
  .transform((config) => {
    const dino = config.model_type.startsWith('dinov2')
    const { intermediate_size: inner = Math.floor(config.hidden_size * config.mlp_ratio) } = config
    const size = pair(config.image_size)
    const patch = pair(config.patch_size)
    return {
      names: config.names,
      hidden_size: config.hidden_size,
      num_hidden_layers: config.num_hidden_layers,
      num_attention_heads: config.num_attention_heads,
      // SwiGLU has two thirds of the width, rounded up to a multiple of 8: as many weights as without.
      intermediate_size: config.use_swiglu_ffn ? Math.ceil(Math.floor((inner * 2) / 3) / 8) * 8 : inner,
      hidden_act: config.hidden_act,
      layer_norm_eps: config.layer_norm_eps ?? (dino || config.names === 'timm' ? 1e-6 : 1e-12),
      patch_size: patch,
      grid: [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])] as const,
      qkv_bias: config.qkv_bias,
      gated: config.use_swiglu_ffn,
      registers: config.num_register_tokens ?? (config.model_type === 'dinov2_with_registers' ? 4 : 0),
      distilled: config.distilled ?? config.model_type === 'deit',
      class_position: config.class_position,
      layer_scale: config.layer_scale ?? dino,
      /** Whether positions are smoothed where a picture has fewer patches than the network was trained for. */
      antialias: config.names === 'timm' || config.model_type === 'dinov2_with_registers',
      dino,
    }
  })
  .refine(({ grid }) => grid[0] > 0 && grid[1] > 0, { path: ['patch_size'], error: 'must not be larger than image_size' })

const pair = (size: number | readonly [number, number]): readonly [number, number] => (typeof size === 'number' ? [size, size] : size)

/** What of a vision transformer's config.json decides what it computes. */
export type VitConfig = Readonly<z.output<typeof schema>>

/** @throws `config.invalid` naming the field */
export function parseVitConfig(json: unknown, where: string): VitConfig {
  return parseFields(
    schema,
    namedConfig(json, vitConfigs),
    where,
    'Take the config.json that belongs to the weights, of a ViT, DeiT or DINOv2, or one that names it as timm does.',
  )
}
