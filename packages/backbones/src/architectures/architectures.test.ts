import { memoryFiles } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { torchFile } from '../fixtures/torch-files.js'
import { architectureFiles } from './architecture-files.js'
import { architectures } from './architectures.js'
import { convolutional } from './convolutional.js'
import { findBackbone } from './find-backbone.js'

/** Trained numbers with 1,000 classes, as torchvision and timm count them. */
const counts: Record<string, number> = {
  vgg11: 132_863_336,
  vgg13: 133_047_848,
  vgg16: 138_357_544,
  vgg19: 143_667_240,
  vgg16_bn: 138_365_992,
  vgg19_bn: 143_678_248,
  resnet18: 11_689_512,
  resnet34: 21_797_672,
  resnet50: 25_557_032,
  resnet101: 44_549_160,
  resnet152: 60_192_808,
  resnext50_32x4d: 25_028_904,
  resnext101_32x8d: 88_791_336,
  resnext101_64x4d: 83_455_272,
  wide_resnet50_2: 68_883_240,
  wide_resnet101_2: 126_886_696,
  mobilenet_v2: 3_504_872,
  mobilenet_v3_small: 2_542_856,
  mobilenet_v3_large: 5_483_032,
  efficientnet_b0: 5_288_548,
  efficientnet_b1: 7_794_184,
  efficientnet_b2: 9_109_994,
  efficientnet_b3: 12_233_232,
  efficientnet_b4: 19_341_616,
  efficientnet_b5: 30_389_784,
  efficientnet_b6: 43_040_704,
  efficientnet_b7: 66_347_960,
  efficientnet_lite0: 4_652_008,
  efficientnet_lite1: 5_416_680,
  efficientnet_lite2: 6_092_072,
  efficientnet_lite3: 8_197_096,
  efficientnet_lite4: 13_006_568,
}

const sizeOf = (shapes: Iterable<readonly number[]>) => [...shapes].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)

/** A checkpoint with one weight of that name. */
const withKey = (key: string) =>
  memoryFiles({ 'w.pth': torchFile({ [key]: { length: 1, shape: [1], strides: [1] } }, { 0: new Uint8Array(4) }) })

async function jsonOf(files: ReturnType<typeof architectureFiles>, name: string): Promise<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(await files.read(name)))
}

describe('architectures', () => {
  it.each(Object.entries(counts))('%s has %d numbers, as in torchvision or timm', (name, count) => {
    const found = architectures.get(name)
    if (!found) throw new TypeError(name)
    const config = found.plugin.parseConfig(found.config, name)
    const { shapes, statistics } = found.plugin.create(config)
    const trained = [...shapes].filter(([key]) => !statistics?.has(key)).map(([, shape]) => shape)
    const head = found.plugin.classifier?.create(config, 1000).shapes ?? new Map<string, number[]>()
    expect(sizeOf(trained) + sizeOf(head.values())).toBe(count)
  })

  it.each([...architectures.keys()])('%s: its config is read by the family that it names, and every variant too', (name) => {
    const { plugin, config, preprocessing, variants = [] } = architectures.get(name)!
    for (const each of [{ config, preprocessing }, ...variants]) {
      expect(plugin.modelTypes).toContain(each.config['model_type'])
      expect(plugin.create(plugin.parseConfig(each.config, name)).width).toBeGreaterThan(0)
      expect(each.preprocessing.size).toBeGreaterThanOrEqual(each.preprocessing.crop)
    }
  })

  it('finds a family by model_type, or by the architecture that timm writes', () => {
    expect(findBackbone(convolutional, { architecture: 'resnet50', num_classes: 1000 }, 'c').modelTypes).toEqual(['resnet'])
    expect(findBackbone(convolutional, { model_type: 'mobilenet_v2' }, 'c').modelTypes).toEqual(['mobilenet_v2'])
    expect(() => findBackbone(convolutional, { architecture: 'convnext_tiny' }, 'c')).toThrow(
      expect.objectContaining({ code: 'encoder.backbone-unknown', message: expect.stringMatching(/architecture is convnext_tiny/) }),
    )
    expect(() => findBackbone(convolutional, {}, 'c')).toThrow(expect.objectContaining({ code: 'encoder.backbone-unknown' }))
  })
})

describe('a bare checkpoint as a folder', () => {
  it('has the settings that its name stands for, and those of the library whose parameter names it has', async () => {
    const lite = architectureFiles('efficientnet_lite0', withKey('_conv_stem.weight'), 'w.pth')
    expect(await lite.list()).toEqual(['config.json', 'preprocessor_config.json', 'w.pth'])
    expect(await jsonOf(lite, 'config.json')).toMatchObject({ model_type: 'efficientnet', padding: 'same', batch_norm_eps: 1e-3 })
    const { image_mean, image_std, crop_size } = await jsonOf(lite, 'preprocessor_config.json')
    expect({ image_mean, image_std }).toEqual({ image_mean: Array(3).fill(127 / 255), image_std: Array(3).fill(128 / 255) })
    expect(crop_size).toEqual({ height: 224, width: 224 })
    const timm = architectureFiles('efficientnet_lite0', withKey('conv_stem.weight'), 'w.pth')
    expect(await jsonOf(timm, 'config.json')).toMatchObject({ padding: 'symmetric', batch_norm_eps: 1e-5 })
    expect((await jsonOf(timm, 'preprocessor_config.json'))['image_mean']).toEqual([0.485, 0.456, 0.406])
  })

  it('says which names are known', () => {
    expect(() => architectureFiles('resnet51', withKey('x'), 'w.pth')).toThrow(
      expect.objectContaining({ code: 'architecture.unknown', advice: expect.stringMatching(/resnet50/) }),
    )
  })
})
