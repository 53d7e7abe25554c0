import { describe, expect, it } from 'vitest'
import { atInputSize, checkImageSettings, type ImageSettings, middle, scaledSize } from './image-settings.js'
import { parseImageSettings, preprocessorConfig } from './parse-image-settings.js'

const clip = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] }
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const statistics = ({ mean, std }: typeof clip) => ({ image_mean: mean, image_std: std })

const cases: [string, Record<string, unknown>, Partial<ImageSettings>][] = [
  [
    "CLIP's, old: bare numbers",
    { size: 224, crop_size: 224, do_center_crop: true, resample: 3, feature_extractor_type: 'CLIPFeatureExtractor', ...statistics(clip) },
    { resize: 224, crop: [224, 224], interpolation: 'bicubic', halves: 'down', mean: [0.48145466, 0.4578275, 0.40821073] },
  ],
  [
    "CLIP's inside a processor_config.json",
    {
      processor_class: 'CLIPProcessor',
      image_processor: {
        image_processor_type: 'CLIPImageProcessor',
        size: { shortest_edge: 336 },
        crop_size: { height: 336, width: 336 },
        resample: 3,
        crop_pct: null,
        ...statistics(clip),
      },
    },
    { resize: 336, crop: [336, 336], interpolation: 'bicubic' },
  ],
  [
    "ViT's, old: a bare number is a square, bilinear unless said",
    { do_normalize: true, do_resize: true, size: 224, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
    { resize: [224, 224], crop: [224, 224], interpolation: 'bilinear', mean: [0.5, 0.5, 0.5] },
  ],
  [
    "DINOv2's",
    {
      image_processor_type: 'BitImageProcessor',
      size: { shortest_edge: 256 },
      crop_size: { height: 224, width: 224 },
      do_center_crop: true,
      resample: 3,
      rescale_factor: 0.00392156862745098,
      ...statistics(imagenet),
    },
    { resize: 256, crop: [224, 224] },
  ],
  [
    "ResNet's at transformers: a share is cut off",
    { image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 224 }, crop_pct: 0.875, resample: 3, ...statistics(imagenet) },
    { resize: 256, crop: [224, 224] },
  ],
  [
    'ConvNext at 384: nothing is cut off',
    { image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 384 }, resample: 3, ...statistics(imagenet) },
    { resize: [384, 384], crop: [384, 384] },
  ],
  [
    "DeiT's",
    {
      size: { height: 256, width: 256 },
      crop_size: { height: 224, width: 224 },
      do_center_crop: true,
      resample: 3,
      ...statistics(imagenet),
    },
    { resize: [256, 256], crop: [224, 224] },
  ],
  [
    'a cut that is switched off',
    { size: { height: 96, width: 80 }, crop_size: { height: 64, width: 64 }, do_center_crop: false, resample: 2, ...statistics(imagenet) },
    { resize: [96, 80], crop: [96, 80] },
  ],
  [
    "timm's config.json",
    { architecture: 'resnet50', pretrained_cfg: { input_size: [3, 224, 224], crop_pct: 0.95, interpolation: 'bicubic', ...imagenet } },
    { resize: 235, crop: [224, 224], interpolation: 'bicubic', halves: 'even', std: [0.229, 0.224, 0.225] },
  ],
  [
    'timm, squashed',
    { input_size: [3, 384, 384], crop_pct: 1, crop_mode: 'squash', interpolation: 'bilinear', ...imagenet },
    { resize: [384, 384], crop: [384, 384] },
  ],
  [
    "torchvision's preset",
    { resize: 256, crop: 224, ...imagenet },
    { resize: 256, crop: [224, 224], interpolation: 'bilinear', halves: 'even' },
  ],
  [
    'efficientnet-lite: (x − 127) / 128',
    { resize: 256, crop: 224, interpolation: 'bicubic', mean: 127 / 255, std: 128 / 255 },
    { mean: [127 / 255, 127 / 255, 127 / 255], std: [128 / 255, 128 / 255, 128 / 255] },
  ],
]

describe('what lies beside a checkpoint', () => {
  it.each(cases)('%s', (_, json, wanted) => {
    expect(parseImageSettings(json, 'preprocessor_config.json')).toMatchObject(wanted)
  })

  it('folds rescaling into mean and std', () => {
    const close = (json: Record<string, unknown>, pixel: number, value: number) => {
      const { mean, std } = parseImageSettings({ size: 8, resample: 2, ...json }, 'p')
      expect((pixel / 255 - mean[1]) / std[1]).toBeCloseTo(value, 9)
    }
    close({ do_rescale: false, do_normalize: false }, 200, 200)
    close({ rescale_factor: 1 / 127.5, rescale_offset: true, do_normalize: false }, 255, 1)
    close({ rescale_factor: 1 / 128, image_mean: 0.25, image_std: 0.5 }, 64, (64 / 128 - 0.25) / 0.5)
    close({ image_processor_type: 'EfficientNetImageProcessor', ...statistics(imagenet) }, 51, (0.2 - 0.456) / 0.224 / 0.224)
    close({ image_processor_type: 'EfficientNetImageProcessor', include_top: false, ...statistics(imagenet) }, 51, (0.2 - 0.456) / 0.224)
  })

  const bad: [string, Record<string, unknown>][] = [
    ['size', { ...statistics(imagenet) }],
    ['size', { size: { longest_edge: 224 }, ...statistics(imagenet) }],
    ['resample', { size: 224, resample: 5, ...statistics(imagenet) }],
    ['do_resize', { size: 224, do_resize: false, ...statistics(imagenet) }],
    ['image_mean', { size: 224 }],
    ['image_std', { size: 224, image_mean: 0, image_std: [1, 1] }],
    ['std', { resize: 224, crop: 224, mean: 0, std: 0 }],
    ['crop', { resize: 200, crop: 224, mean: 0, std: 1 }],
    ['crop', { resize: 9000, crop: 9000, mean: 0, std: 1 }],
    ['input_size', { input_size: [1, 28, 28], ...imagenet }],
    ['crop_mode', { input_size: [3, 28, 28], crop_mode: 'border', ...imagenet }],
    ['do_pad', { size: 224, do_pad: true, ...statistics(imagenet) }],
  ]
  it.each(bad)('names what is wrong: %s of %j', (field, json) => {
    expect(() => parseImageSettings(json, 'M/preprocessor_config.json')).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        where: 'M/preprocessor_config.json',
        message: expect.stringContaining(field),
      }),
    )
  })

  it.each([null, 7, 'x', []])('is refused when it is %j', (json) => {
    expect(() => parseImageSettings(json, 'p')).toThrow(expect.objectContaining({ code: 'config.invalid' }))
  })

  it.each(cases)('is read again as it was after it was saved: %s', (_, json) => {
    const { halves: _halves, mean, std, ...settings } = parseImageSettings(json, 'p')
    const again = parseImageSettings(JSON.parse(JSON.stringify(preprocessorConfig({ ...settings, mean, std }))), 'p')
    expect(again).toMatchObject(settings)
    for (const channel of [0, 1, 2]) {
      expect(again.mean[channel]).toBeCloseTo(mean[channel], 12)
      expect(again.std[channel]).toBeCloseTo(std[channel], 12)
    }
  })
})

describe('sizes', () => {
  const settings: ImageSettings = { resize: 256, crop: [224, 224], interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] }

  it('scales the shorter edge and rounds the longer one down, as torchvision does', () => {
    expect(scaledSize(settings, [600, 800])).toEqual([256, 341])
    expect(scaledSize(settings, [1000, 333])).toEqual([768, 256])
    expect(scaledSize(settings, [3, 3])).toEqual([256, 256])
    expect(scaledSize({ ...settings, resize: [5, 9] }, [600, 800])).toEqual([5, 9])
  })

  it('finds the middle, with halves down or to even', () => {
    expect([341, 255, 257, 256].map((outer) => middle(outer, 224))).toEqual([58, 15, 16, 16])
    // round(58.5), round(15.5), round(16.5) of Python
    expect([341, 255, 257, 256].map((outer) => middle(outer, 224, 'even'))).toEqual([58, 16, 16, 16])
  })

  it('changes the input size in proportion', () => {
    expect(atInputSize(settings, 128)).toMatchObject({ resize: 146, crop: [128, 128] })
    expect(atInputSize({ ...settings, resize: [224, 224] }, [96, 64])).toMatchObject({ resize: [96, 64], crop: [96, 64] })
    expect(() => atInputSize(settings, 0)).toThrow(expect.objectContaining({ code: 'config.invalid' }))
    expect(checkImageSettings(settings)).toBe(settings)
  })
})
