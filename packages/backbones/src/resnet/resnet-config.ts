import { z } from 'zod'
import { type NamedConfigs, namedConfig, parseFields } from '../layers/parse-fields.js'

const positive = z.number().int().positive()

const schema = z
  .object({
    /** Channels after the stem. */
    embedding_size: positive.default(64),
    /** Channels after each stage. */
    hidden_sizes: z.array(positive).min(1),
    /** Blocks of each stage. */
    depths: z.array(positive).min(1),
    layer_type: z.enum(['basic', 'bottleneck']).default('bottleneck'),
    /** Bottleneck: whether its 1 × 1 convolution makes the map smaller (as in the paper) or its 3 × 3 one (torchvision, "v1.5"). */
    downsample_in_bottleneck: z.boolean().default(false),
    /** Whether the first stage halves the map, too. */
    downsample_in_first_stage: z.literal(false, { error: 'a first stage that halves the map cannot be computed' }).optional(),
    hidden_act: z.literal('relu', { error: 'only relu can be computed' }).default('relu'),
    /** ResNeXt: parts that the 3 × 3 convolutions are split into. */
    groups: positive.default(1),
    /** ResNeXt, wide ResNet: channels a part, where 64 make the channels of a ResNet. */
    width_per_group: positive.default(64),
    /** Side of the stem's convolution; 3 is for small pictures, whose map is halved once less with it and without the pool. */
    stem_kernel_size: z.union([z.literal(7), z.literal(3)]).default(7),
    /** Whether a max pool follows the stem's convolution. */
    stem_pooling: z.boolean().default(true),
    batch_norm_eps: z.number().positive().default(1e-5),
  })
  .refine(({ depths, hidden_sizes: sizes }) => depths.length === sizes.length, {
    path: ['depths'],
    error: 'must be as many as hidden_sizes',
  })
  .refine(({ layer_type: type, groups, width_per_group: width }) => type === 'bottleneck' || (groups === 1 && width === 64), {
    path: ['layer_type'],
    error: 'groups and width_per_group need bottlenecks',
  })
  .refine(({ layer_type: type, hidden_sizes: sizes }) => type === 'basic' || sizes.every((size) => size % 4 === 0), {
    path: ['hidden_sizes'],
    error: 'must be multiples of 4, as a bottleneck has a quarter of the channels',
  })

/** The fields of a ResNet's config.json (transformers' names, and four more) that decide what it computes. */
export type ResnetConfig = Readonly<z.infer<typeof schema>>

const basic = (...depths: number[]) => ({ model_type: 'resnet', layer_type: 'basic', hidden_sizes: [64, 128, 256, 512], depths })
const bottleneck = (depths: number[], groups = 1, width = 64) => ({
  model_type: 'resnet',
  layer_type: 'bottleneck',
  hidden_sizes: [256, 512, 1024, 2048],
  depths,
  groups,
  width_per_group: width,
})
const depths50 = [3, 4, 6, 3]
const depths101 = [3, 4, 23, 3]

/** Configs by torchvision's and timm's name, which are the same. */
export const resnetConfigs: NamedConfigs = new Map<string, Readonly<Record<string, unknown>>>(
  Object.entries({
    resnet18: basic(2, 2, 2, 2),
    resnet34: basic(3, 4, 6, 3),
    resnet50: bottleneck(depths50),
    resnet101: bottleneck(depths101),
    resnet152: bottleneck([3, 8, 36, 3]),
    resnext50_32x4d: bottleneck(depths50, 32, 4),
    resnext101_32x8d: bottleneck(depths101, 32, 8),
    resnext101_64x4d: bottleneck(depths101, 64, 4),
    wide_resnet50_2: bottleneck(depths50, 1, 128),
    wide_resnet101_2: bottleneck(depths101, 1, 128),
  }),
)

/** @throws `config.invalid` naming the field */
export function parseResnetConfig(json: unknown, where: string): ResnetConfig {
  return parseFields(
    schema,
    namedConfig(json, resnetConfigs),
    where,
    'Take the config.json of a ResNet, or one that names it as timm does.',
  )
}
