import { z } from 'zod'
import type { MapActivation } from '../layers/map-activation.js'
import { type NamedConfigs, namedConfig, parseFields } from '../layers/parse-fields.js'
import { type MobileBlock, type MobilePlan, roundChannels } from '../mobile/mobile-plan.js'

const schema = z.object({
  size: z.enum(['large', 'small']),
  /** Factor of all channels. */
  width_multiplier: z.number().positive().default(1),
  padding: z.enum(['symmetric', 'same']).default('symmetric'),
  batch_norm_eps: z.number().positive().default(1e-3),
  /** How far running statistics follow a batch. */
  batch_norm_momentum: z.number().positive().max(1).default(0.01),
})

/** Which MobileNet V3 it is. */
export type MobilenetV3Config = Readonly<z.infer<typeof schema>>

const torchvision = (size: string) => ({ model_type: 'mobilenet_v3', size })
const timm = (size: string) => ({ model_type: 'mobilenet_v3', size, batch_norm_eps: 1e-5, batch_norm_momentum: 0.1 })
/** Weights of the paper's authors, trained with TensorFlow. */
const tensorFlow = (size: string) => ({ ...timm(size), padding: 'same', batch_norm_eps: 1e-3 })

/** Configs by torchvision's name (`mobilenet_v3_large`) and timm's (the others). */
export const mobilenetV3Configs: NamedConfigs = new Map<string, Readonly<Record<string, unknown>>>(
  ['large', 'small'].flatMap((size) => [
    [`mobilenet_v3_${size}`, torchvision(size)],
    [`mobilenetv3_${size}_100`, timm(size)],
    [`tf_mobilenetv3_${size}_100`, tensorFlow(size)],
  ]),
)

/** @throws `config.invalid` naming the field */
export function parseMobilenetV3Config(json: unknown, where: string): MobilenetV3Config {
  return parseFields(
    schema,
    namedConfig(json, mobilenetV3Configs),
    where,
    'A MobileNet V3 needs its size, large or small, or timm’s name for it.',
  )
}

/** Kernel, channels inside, channels, squeeze-excite, activation, stride: tables 1 and 2 of the paper, a line a stage. */
type Row = [kernel: number, inner: number, to: number, squeeze: boolean, activation: MapActivation, stride: number]

const large: Row[][] = [
  [[3, 16, 16, false, 'relu', 1]],
  [[3, 64, 24, false, 'relu', 2], [3, 72, 24, false, 'relu', 1]], // biome-ignore format: a line a stage
  [[5, 72, 40, true, 'relu', 2], [5, 120, 40, true, 'relu', 1], [5, 120, 40, true, 'relu', 1]], // biome-ignore format: a line a stage
  [[3, 240, 80, false, 'hard_swish', 2], [3, 200, 80, false, 'hard_swish', 1], [3, 184, 80, false, 'hard_swish', 1], [3, 184, 80, false, 'hard_swish', 1]], // biome-ignore format: a line a stage
  [[3, 480, 112, true, 'hard_swish', 1], [3, 672, 112, true, 'hard_swish', 1]], // biome-ignore format: a line a stage
  [[5, 672, 160, true, 'hard_swish', 2], [5, 960, 160, true, 'hard_swish', 1], [5, 960, 160, true, 'hard_swish', 1]], // biome-ignore format: a line a stage
]

const small: Row[][] = [
  [[3, 16, 16, true, 'relu', 2]],
  [[3, 72, 24, false, 'relu', 2], [3, 88, 24, false, 'relu', 1]], // biome-ignore format: a line a stage
  [[5, 96, 40, true, 'hard_swish', 2], [5, 240, 40, true, 'hard_swish', 1], [5, 240, 40, true, 'hard_swish', 1]], // biome-ignore format: a line a stage
  [[5, 120, 48, true, 'hard_swish', 1], [5, 144, 48, true, 'hard_swish', 1]], // biome-ignore format: a line a stage
  [[5, 288, 96, true, 'hard_swish', 2], [5, 576, 96, true, 'hard_swish', 1], [5, 576, 96, true, 'hard_swish', 1]], // biome-ignore format: a line a stage
]

export function mobilenetV3Plan({ size, width_multiplier: multiplier, padding, ...config }: MobilenetV3Config): MobilePlan {
  const scaled = (channels: number) => roundChannels(channels * multiplier)
  const stem = scaled(16)
  let from = stem
  const stages = (size === 'large' ? large : small).map((rows) =>
    rows.map(([kernel, wide, narrow, squeeze, activation, stride]): MobileBlock => {
      const inner = scaled(wide)
      const block = { from, inner, to: scaled(narrow), kernel, stride, squeezed: squeeze ? roundChannels(inner / 4) : 0, activation }
      from = block.to
      return block
    }),
  )
  return {
    stem: { to: stem, activation: 'hard_swish' },
    stages,
    head: { to: 6 * from, activation: 'hard_swish' },
    squeeze: { activation: 'relu', gate: 'hard_sigmoid' },
    padding,
    epsilon: config.batch_norm_eps,
    momentum: config.batch_norm_momentum,
  }
}

/** Channels of the dense layer before the classes. */
export const mobilenetV3Features = ({ size, width_multiplier: multiplier }: MobilenetV3Config) =>
  roundChannels((size === 'large' ? 1280 : 1024) * multiplier)
