import { MsError } from '@ms/core'
import { z } from 'zod'
import { checkImageSettings, type ImageSettings, type Interpolation, interpolations, type PictureSize } from './image-settings.js'

const pixels = z.number().int().positive()
const sizeSchema = z.union([
  pixels,
  z.object({ height: pixels, width: pixels }),
  z.object({ shortest_edge: pixels }),
  z.tuple([pixels, pixels]),
  z.tuple([pixels]),
])
const channels = z.union([z.number(), z.tuple([z.number()]), z.tuple([z.number(), z.number(), z.number()])])

/** Numbers of PIL, names of timm and torchvision. */
const kernels: Readonly<Record<string, Interpolation>> = { 0: 'nearest', 1: 'lanczos', 2: 'bilinear', 3: 'bicubic' }
const resampleSchema = z.union([
  z.enum(interpolations),
  z.literal([0, 1, 2, 3], { error: 'only nearest, lanczos, bilinear and bicubic (0 to 3) can be computed' }).transform((n) => kernels[n]),
])

const transformersSchema = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.literal(true, { error: 'pictures that keep their size make no batch' }).default(true),
  size: sizeSchema,
  resample: resampleSchema.nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: sizeSchema.nullish(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  rescale_offset: z.boolean().default(false),
  do_normalize: z.boolean().default(true),
  image_mean: channels.nullish(),
  image_std: channels.nullish(),
  include_top: z.boolean().nullish(),
  do_pad: z.literal(false, { error: 'padding cannot be computed' }).nullish(),
})

const timmSchema = z.object({
  input_size: z.tuple([z.literal(3, { error: 'only pictures of three channels can be computed' }), pixels, pixels]),
  crop_pct: z.number().positive().max(1).default(0.875),
  crop_mode: z.enum(['center', 'squash'], { error: 'only center and squash can be computed' }).default('center'),
  interpolation: resampleSchema.default('bicubic'),
  mean: channels,
  std: channels,
})

const plainSchema = z.object({
  resize: z.union([pixels, z.tuple([pixels, pixels])]),
  crop: z.union([pixels, z.tuple([pixels, pixels])]),
  interpolation: resampleSchema.default('bilinear'),
  mean: channels,
  std: channels,
  halves: z.enum(['down', 'even']).default('even'),
})

/**
 * Reads how a checkpoint wants to see pictures from what lies beside it: `preprocessor_config.json` or `processor_config.json`
 * of transformers, `config.json` of timm (its `pretrained_cfg`), or a plain `{ resize, crop, interpolation, mean, std }` as
 * torchvision documents its presets.
 *
 * @throws `config.invalid` naming the field
 */
export function parseImageSettings(json: unknown, where: string): ImageSettings {
  const fields: Record<string, unknown> = typeof json === 'object' && json !== null ? { ...json } : {}
  const inner = fields['image_processor'] ?? fields['pretrained_cfg']
  if (typeof inner === 'object' && inner !== null) return parseImageSettings(inner, where)
  if ('resize' in fields && 'crop' in fields) return checkImageSettings(fromPlain(read(plainSchema, fields, where)), where)
  if ('input_size' in fields) return checkImageSettings(fromTimm(read(timmSchema, fields, where)), where)
  return checkImageSettings(fromTransformers(read(transformersSchema, fields, where), where), where)
}

function read<T>(schema: z.ZodType<T>, json: unknown, where: string): T {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`)
  throw new MsError('config.invalid', issues.join('; '), {
    where,
    advice: 'Take the preprocessor_config.json (or the pretrained_cfg of timm) that belongs to the weights.',
    details: { fields: result.error.issues.map(({ path }) => path.join('.')) },
  })
}

type Three = readonly [number, number, number]

const three = (value: z.infer<typeof channels>): Three => {
  const [red, green = red, blue = red] = typeof value === 'number' ? [value] : value
  return [red, green, blue]
}

/** `[height, width]`, or the shorter edge. */
function sizeOf(size: z.infer<typeof sizeSchema>, bareIsSquare: boolean): number | PictureSize {
  if (typeof size === 'number') return bareIsSquare ? [size, size] : size
  if ('shortest_edge' in size) return size.shortest_edge
  if ('height' in size) return [size.height, size.width]
  return size.length === 2 ? size : sizeOf(size[0], bareIsSquare)
}

const square = (size: number | PictureSize): PictureSize => (typeof size === 'number' ? [size, size] : size)

function fromPlain(settings: z.infer<typeof plainSchema>): ImageSettings {
  return { ...settings, crop: square(settings.crop), mean: three(settings.mean), std: three(settings.std) }
}

function fromTimm(config: z.infer<typeof timmSchema>): ImageSettings {
  const [, height, width] = config.input_size
  const scaled = (edge: number) => Math.floor(edge / config.crop_pct)
  const keepsShape = config.crop_mode === 'center' && height === width
  return {
    resize: keepsShape ? scaled(height) : [scaled(height), scaled(width)],
    crop: [height, width],
    interpolation: config.interpolation,
    mean: three(config.mean),
    std: three(config.std),
    halves: 'even',
  }
}

/** Image processors of transformers for which a bare number means the shorter edge; for the others it is a square. */
const shorterEdge = /^(CLIP|ChineseCLIP|Bit|ConvNext|MobileNetV1|MobileNetV2|LeViT)/i
/** Those that are bicubic where `resample` is not said. */
const bicubic = /^(CLIP|ChineseCLIP|Bit|ConvNext|DeiT|EfficientNet|LeViT)/i

function fromTransformers(config: z.infer<typeof transformersSchema>, where: string): ImageSettings {
  const kind = config.image_processor_type ?? config.feature_extractor_type ?? ''
  const interpolation = config.resample ?? (bicubic.test(kind) ? 'bicubic' : 'bilinear')
  const size = sizeOf(config.size, !shorterEdge.test(kind))
  const { mean, std } = normalisation(config, kind, where)
  if (/^ConvNext/i.test(kind)) return { ...convNext(size, config.crop_pct ?? 224 / 256), interpolation, mean, std }
  const crop = config.crop_size && config.do_center_crop !== false ? square(sizeOf(config.crop_size, true)) : square(size)
  // Without a cut a picture that keeps its shape would make no batch: the middle is what remains.
  return { resize: size, crop, interpolation, mean, std, halves: 'down' }
}

/** ConvNext (and transformers' ResNet): below 384 pixels a share is cut off at the borders, from there on nothing. */
function convNext(size: number | PictureSize, share: number): Pick<ImageSettings, 'resize' | 'crop'> {
  const edge = typeof size === 'number' ? size : Math.min(...size)
  return { resize: edge < 384 ? Math.floor(edge / share) : [edge, edge], crop: [edge, edge] }
}

/** Rescaling and normalising as one step on values from 0 to 1. */
function normalisation(config: z.infer<typeof transformersSchema>, kind: string, where: string): { mean: Three; std: Three } {
  if (config.do_normalize && (!config.image_mean || !config.image_std)) {
    throw new MsError('config.invalid', 'image_mean and image_std are missing', { where, details: { fields: ['image_mean', 'image_std'] } })
  }
  const perUnit = config.do_rescale ? config.rescale_factor * 255 : 255
  const offset = config.do_rescale && config.rescale_offset ? 1 : 0
  const mean = config.do_normalize ? three(config.image_mean ?? 0) : three(0)
  const std = config.do_normalize ? three(config.image_std ?? 1) : three(1)
  // EfficientNet's processor divides by std once more for the networks with a head.
  const twice = config.do_normalize && /^EfficientNet/i.test(kind) && config.include_top !== false
  const scale = (x: number) => (twice ? x * x : x) / perUnit
  return {
    mean: [(mean[0] + offset) / perUnit, (mean[1] + offset) / perUnit, (mean[2] + offset) / perUnit],
    std: [scale(std[0]), scale(std[1]), scale(std[2])],
  }
}

/** The settings as a `preprocessor_config.json` that transformers reads, to be saved beside a model. */
export function preprocessorConfig(settings: ImageSettings): Record<string, unknown> {
  const { resize, crop, interpolation, mean, std } = settings
  return {
    image_processor_type: 'CLIPImageProcessor',
    do_resize: true,
    size: typeof resize === 'number' ? { shortest_edge: resize } : { height: resize[0], width: resize[1] },
    resample: Number(Object.keys(kernels).find((number) => kernels[number] === interpolation)),
    do_center_crop: true,
    crop_size: { height: crop[0], width: crop[1] },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
    do_convert_rgb: true,
  }
}
