import { z } from 'zod'
import { type NamedConfigs, namedConfig, parseFields } from '../layers/parse-fields.js'
import { type MobileBlock, type MobilePlan, roundChannels } from '../mobile/mobile-plan.js'

const positive = z.number().int().positive()

const schema = z.object({
  /** Factor of all channels. */
  depth_multiplier: z.number().positive().default(1),
  depth_divisible_by: positive.default(8),
  min_depth: positive.default(8),
  expand_ratio: z.number().positive().default(6),
  output_stride: z.literal(32, { error: 'only an output stride of 32 can be computed' }).default(32),
  first_layer_is_expansion: z.literal(true, { error: 'only true can be computed' }).default(true),
  /** Whether a multiplier below 1 leaves the last convolution as wide as it is. */
  finegrained_output: z.boolean().default(true),
  hidden_act: z.literal('relu6', { error: 'only relu6 can be computed' }).default('relu6'),
  /** Margins as TensorFlow puts them, below and right first. */
  tf_padding: z.boolean().default(true),
  /** Of batch norm. */
  layer_norm_eps: z.number().positive().default(1e-3),
})

/** The fields of a MobileNet V2's config.json (transformers' names) that decide what it computes. */
export type MobilenetV2Config = Readonly<z.infer<typeof schema>>

/** As torchvision and timm have it; transformers' defaults are TensorFlow's. */
const torch = (depth_multiplier: number) => ({ model_type: 'mobilenet_v2', depth_multiplier, tf_padding: false, layer_norm_eps: 1e-5 })

/** Configs by timm's name, and torchvision's for the first. */
export const mobilenetV2Configs: NamedConfigs = new Map<string, Readonly<Record<string, unknown>>>(
  Object.entries({
    mobilenet_v2: 1,
    mobilenetv2_035: 0.35,
    mobilenetv2_050: 0.5,
    mobilenetv2_075: 0.75,
    mobilenetv2_100: 1,
    mobilenetv2_140: 1.4,
  }).map(([name, multiplier]) => [name, torch(multiplier)]),
)

/** @throws `config.invalid` naming the field */
export function parseMobilenetV2Config(json: unknown, where: string): MobilenetV2Config {
  return parseFields(
    schema,
    namedConfig(json, mobilenetV2Configs),
    where,
    'Take the config.json of a MobileNet V2, or one that names it as timm does.',
  )
}

/** Whether widened, channels, blocks, stride of each stage: table 2 of the paper. */
const stages = [
  { widen: false, channels: 16, blocks: 1, stride: 1 },
  { widen: true, channels: 24, blocks: 2, stride: 2 },
  { widen: true, channels: 32, blocks: 3, stride: 2 },
  { widen: true, channels: 64, blocks: 4, stride: 2 },
  { widen: true, channels: 96, blocks: 3, stride: 1 },
  { widen: true, channels: 160, blocks: 3, stride: 2 },
  { widen: true, channels: 320, blocks: 1, stride: 1 },
]

export function mobilenetV2Plan(config: MobilenetV2Config): MobilePlan {
  const { depth_multiplier: multiplier, depth_divisible_by: divisor, min_depth: least } = config
  const scaled = (channels: number) => roundChannels(channels * multiplier, divisor, least)
  const stem = scaled(32)
  let from = stem
  return {
    stem: { to: stem, activation: 'relu6' },
    stages: stages.map(({ widen, channels, blocks, stride }) =>
      Array.from({ length: blocks }, (_, position): MobileBlock => {
        const to = scaled(channels)
        const inner = widen ? roundChannels(from * config.expand_ratio, divisor, least) : from
        const block = { from, inner, to, kernel: 3, stride: position === 0 ? stride : 1, squeezed: 0, activation: 'relu6' } as const
        from = to
        return block
      }),
    ),
    head: { to: config.finegrained_output && multiplier < 1 ? 1280 : scaled(1280), activation: 'relu6' },
    squeeze: { activation: 'relu', gate: 'sigmoid' },
    padding: config.tf_padding ? 'same' : 'symmetric',
    epsilon: config.layer_norm_eps,
    momentum: 0.1,
  }
}
