import { z } from 'zod'
import { type NamedConfigs, namedConfig, parseFields } from '../layers/parse-fields.js'

const positive = z.number().int().positive()

const schema = z.object({
  /** Output channels of each convolution, a list a stage; a pooling that halves the size comes after each stage. */
  channels: z.array(z.array(positive).min(1)).min(1),
  batch_norm: z.boolean().default(false),
  batch_norm_eps: z.number().positive().default(1e-5),
  /** `map`: the last map. `fc1`, `fc2`: the first or second fully connected layer after it, with its ReLU. */
  output: z.enum(['map', 'fc1', 'fc2']).default('map'),
  /** Width of the fully connected layers. */
  fc_size: positive.default(4096),
  /** Places a side that the fully connected layers see. */
  fc_grid: positive.default(7),
})

/** The sizes of a VGG. torchvision's names stand for those of the paper. */
export type VggConfig = Readonly<z.infer<typeof schema>>

const stages = (...counts: number[]) => counts.map((count, stage) => Array<number>(count).fill(Math.min(512, 64 * 2 ** stage)))

const sizes = { vgg11: stages(1, 1, 2, 2, 2), vgg13: stages(2, 2, 2, 2, 2), vgg16: stages(2, 2, 3, 3, 3), vgg19: stages(2, 2, 4, 4, 4) }

/** Configs by torchvision's and timm's name, which are the same. */
export const vggConfigs: NamedConfigs = new Map<string, Readonly<Record<string, unknown>>>(
  Object.entries(sizes).flatMap(([name, channels]) => [
    [name, { model_type: 'vgg', channels, batch_norm: false }],
    [`${name}_bn`, { model_type: 'vgg', channels, batch_norm: true }],
  ]),
)

/** @throws `config.invalid` naming the field */
export function parseVggConfig(json: unknown, where: string): VggConfig {
  return parseFields(schema, namedConfig(json, vggConfigs), where, 'A VGG needs the channels of its convolutions, a list a stage.')
}
