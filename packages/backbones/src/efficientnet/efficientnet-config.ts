import { z } from 'zod'
import { type NamedConfigs, namedConfig, parseFields } from '../layers/parse-fields.js'
import { type MobileBlock, type MobilePlan, roundChannels } from '../mobile/mobile-plan.js'

const positive = z.number().int().positive()
const stages = (...values: number[]) => z.array(positive).length(values.length).default(values)

const schema = z.object({
  /** Factor of all channels. */
  width_coefficient: z.number().positive(),
  /** Factor of the number of blocks of a stage. */
  depth_coefficient: z.number().positive(),
  depth_divisor: positive.default(8),
  /** Of each stage, before the factors. */
  kernel_sizes: stages(3, 3, 5, 3, 5, 5, 3),
  in_channels: stages(32, 16, 24, 40, 80, 112, 192),
  out_channels: stages(16, 24, 40, 80, 112, 192, 320),
  strides: stages(1, 2, 2, 2, 1, 2, 1),
  num_block_repeats: stages(1, 2, 2, 3, 3, 4, 1),
  expand_ratios: stages(1, 6, 6, 6, 6, 6, 6),
  /** Channels inside squeeze-excite, relative to the channels before the block; 0: none. */
  squeeze_expansion_ratio: z.number().min(0).max(1).default(0.25),
  hidden_act: z.enum(['swish', 'silu', 'relu6']).default('swish'),
  batch_norm_eps: z.number().positive().default(1e-3),
  /** What running statistics keep of themselves at each step, as TensorFlow counts: 1 − torch's momentum. */
  batch_norm_momentum: z.number().min(0).lt(1).default(0.99),
  /** Margins: TensorFlow's, or torch's. */
  padding: z.enum(['same', 'symmetric']).default('same'),
  /** Lite: false. Whether the factors apply to the first and last convolution, too, and to the number of blocks of the first and last stage. */
  scale_ends: z.boolean().default(true),
})

/** The fields of an EfficientNet's config.json (transformers' names, and two more) that decide what it computes. */
export type EfficientnetConfig = Readonly<z.infer<typeof schema>>

/** Width, depth: table 8 of the paper's programs. */
const factors: Readonly<Record<string, readonly [number, number]>> = {
  b0: [1, 1],
  b1: [1, 1.1],
  b2: [1.1, 1.2],
  b3: [1.2, 1.4],
  b4: [1.4, 1.8],
  b5: [1.6, 2.2],
  b6: [1.8, 2.6],
  b7: [2, 3.1],
  lite0: [1, 1],
  lite1: [1, 1.1],
  lite2: [1.1, 1.2],
  lite3: [1.2, 1.4],
  lite4: [1.4, 1.8],
}

/** As in torch: margins equal on all sides. */
export const torchSettings = { padding: 'symmetric', batch_norm_eps: 1e-5, batch_norm_momentum: 0.9 } as const
/** As the paper's authors have it. */
export const tensorFlowSettings = { padding: 'same', batch_norm_eps: 1e-3, batch_norm_momentum: 0.99 } as const

/** Names of the sizes: `b0` … `b7`, `lite0` … `lite4`. */
export const efficientnetSizes: readonly string[] = Object.keys(factors)

/** config.json of a size. */
export function efficientnetConfig(
  size: string,
  settings: typeof torchSettings | typeof tensorFlowSettings,
): Readonly<Record<string, unknown>> {
  const [width_coefficient, depth_coefficient] = factors[size]
  const lite = size.startsWith('lite') ? { squeeze_expansion_ratio: 0, hidden_act: 'relu6', scale_ends: false } : {}
  return { model_type: 'efficientnet', width_coefficient, depth_coefficient, ...lite, ...settings }
}

/** Configs by timm's name. */
export const timmEfficientnets: NamedConfigs = new Map<string, Readonly<Record<string, unknown>>>(
  efficientnetSizes.flatMap((size) => [
    [`efficientnet_${size}`, efficientnetConfig(size, torchSettings)],
    [`tf_efficientnet_${size}`, efficientnetConfig(size, tensorFlowSettings)],
  ]),
)

/** @throws `config.invalid` naming the field */
export function parseEfficientnetConfig(json: unknown, where: string): EfficientnetConfig {
  return parseFields(
    schema,
    namedConfig(json, timmEfficientnets),
    where,
    'Take the config.json of an EfficientNet, or one that names it as timm does.',
  )
}

export function efficientnetPlan(config: EfficientnetConfig): MobilePlan {
  const {
    depth_divisor: divisor,
    scale_ends: ends,
    out_channels: outputs,
    expand_ratios: ratios,
    squeeze_expansion_ratio: squeeze,
  } = config
  const scaled = (channels: number) => roundChannels(channels * config.width_coefficient, divisor)
  const activation = config.hidden_act === 'relu6' ? 'relu6' : 'silu'
  const stem = ends ? scaled(config.in_channels[0]) : config.in_channels[0]
  const last = outputs.length - 1
  let from = stem
  const stages = outputs.map((channels, stage) => {
    const fixed = !ends && (stage === 0 || stage === last)
    const repeats = fixed ? config.num_block_repeats[stage] : Math.ceil(config.depth_coefficient * config.num_block_repeats[stage])
    return Array.from({ length: repeats }, (_, position): MobileBlock => {
      const block = {
        from,
        inner: from * ratios[stage],
        to: scaled(channels),
        kernel: config.kernel_sizes[stage],
        stride: position === 0 ? config.strides[stage] : 1,
        squeezed: squeeze > 0 ? Math.max(1, Math.floor(from * squeeze)) : 0,
        activation,
      } as const
      from = block.to
      return block
    })
  })
  return {
    stem: { to: stem, activation },
    stages,
    head: { to: ends ? scaled(1280) : 1280, activation },
    squeeze: { activation, gate: 'sigmoid' },
    padding: config.padding,
    epsilon: config.batch_norm_eps,
    momentum: 1 - config.batch_norm_momentum,
  }
}
