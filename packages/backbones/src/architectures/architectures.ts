import { efficientnet } from '../efficientnet/efficientnet.js'
import { efficientnetConfig, efficientnetSizes, tensorFlowSettings, torchSettings } from '../efficientnet/efficientnet-config.js'
import { mobilenetV2 } from '../mobilenet/mobilenet-v2.js'
import { mobilenetV2Configs } from '../mobilenet/mobilenet-v2-config.js'
import { mobilenetV3 } from '../mobilenet/mobilenet-v3.js'
import { mobilenetV3Configs } from '../mobilenet/mobilenet-v3-config.js'
import { resnet } from '../resnet/resnet.js'
import { resnetConfigs } from '../resnet/resnet-config.js'
import { vgg } from '../vgg/vgg.js'
import { vggConfigs } from '../vgg/vgg-config.js'
import { vit } from '../vit/vit.js'
import { vitConfigs } from '../vit/vit-architectures.js'
import type { Architecture, ArchitectureVariant, Preprocessing } from './architecture.js'

const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const
const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const
/** (value − 127) / 128 of values from 0 to 255. */
const around127 = { mean: [127 / 255, 127 / 255, 127 / 255], std: [128 / 255, 128 / 255, 128 / 255] } as const

type Statistics = Pick<Preprocessing, 'mean' | 'std'>
type Interpolation = Preprocessing['interpolation']

const pictures = (crop: number, size: number, interpolation: Interpolation, { mean, std }: Statistics = imageNet): Preprocessing => ({
  size,
  crop,
  interpolation,
  mean,
  std,
})

/** Of torchvision's first ImageNet weights of most networks. */
const torchvision224 = pictures(224, 256, 'bilinear')
/** Of timm's most common weights of the same size. */
const timm224 = pictures(224, 256, 'bicubic')

/** Pixels that the sizes of EfficientNet were made for, and what of a picture timm's weights from TensorFlow see of them. */
const efficientnetPixels: Readonly<Record<string, { crop: number; share: number; torchvision?: number }>> = {
  b0: { crop: 224, share: 0.875, torchvision: 256 },
  b1: { crop: 240, share: 0.882, torchvision: 256 },
  b2: { crop: 260, share: 0.89, torchvision: 288 },
  b3: { crop: 300, share: 0.904, torchvision: 320 },
  b4: { crop: 380, share: 0.922, torchvision: 384 },
  b5: { crop: 456, share: 0.934, torchvision: 456 },
  b6: { crop: 528, share: 0.942, torchvision: 528 },
  b7: { crop: 600, share: 0.949, torchvision: 600 },
}

/** The same of the Lite sizes: as their authors evaluate them, and as timm does. */
const litePixels: Readonly<Record<string, { crop: number; timm: number; share: number }>> = {
  lite0: { crop: 224, timm: 224, share: 0.875 },
  lite1: { crop: 240, timm: 240, share: 0.882 },
  lite2: { crop: 260, timm: 260, share: 0.89 },
  lite3: { crop: 280, timm: 300, share: 0.904 },
  lite4: { crop: 300, timm: 380, share: 0.92 },
}

function efficientnets(): [string, Architecture][] {
  const timmStem = 'conv_stem.weight'
  const tensorFlow = (size: string, preprocessing: Preprocessing) => ({
    config: efficientnetConfig(size, tensorFlowSettings),
    preprocessing,
  })
  const torch = (size: string, preprocessing: Preprocessing) => ({ config: efficientnetConfig(size, torchSettings), preprocessing })
  return efficientnetSizes.flatMap((size): [string, Architecture][] => {
    if (size.startsWith('lite')) {
      const { crop, timm, share } = litePixels[size]
      const cut = Math.floor(timm / share)
      const interpolation = size === 'lite3' || size === 'lite4' ? 'bilinear' : 'bicubic'
      const variants: ArchitectureVariant[] = [{ marker: timmStem, ...torch(size, pictures(timm, cut, 'bicubic')) }]
      return [
        // Of the Python package efficientnet-lite-pytorch, whose weights are its authors'.
        [`efficientnet_${size}`, { plugin: efficientnet, ...tensorFlow(size, pictures(crop, crop + 32, 'bicubic', around127)), variants }],
        [`tf_efficientnet_${size}`, { plugin: efficientnet, ...tensorFlow(size, pictures(timm, cut, interpolation, half)) }],
      ]
    }
    const { crop, share, torchvision = crop } = efficientnetPixels[size]
    const wide = pictures(crop, Math.floor(crop / share), 'bicubic')
    const fromTensorFlow = ['_conv_stem.weight', 'embeddings.convolution.weight', 'efficientnet.embeddings.convolution.weight']
    const variants: ArchitectureVariant[] = [
      ...fromTensorFlow.map((marker) => ({ marker, ...tensorFlow(size, wide) })),
      { marker: timmStem, ...torch(size, wide) },
    ]
    const own = pictures(size === 'b2' ? 288 : crop, torchvision, 'bicubic')
    // torchvision took the two largest batch norms over from TensorFlow with their epsilon.
    const large = ['b5', 'b6', 'b7'].includes(size)
    const config = large
      ? { ...efficientnetConfig(size, torchSettings), batch_norm_eps: 1e-3, batch_norm_momentum: 0.99 }
      : torch(size, own).config
    return [
      [`efficientnet_${size}`, { plugin: efficientnet, config, preprocessing: own, variants }],
      [`tf_efficientnet_${size}`, { plugin: efficientnet, ...tensorFlow(size, wide) }],
    ]
  })
}

function mobilenets(): [string, Architecture][] {
  const v2 = [...mobilenetV2Configs].map(([name, config]): [string, Architecture] => [
    name,
    { plugin: mobilenetV2, config, preprocessing: name === 'mobilenet_v2' ? torchvision224 : timm224 },
  ])
  const v3 = [...mobilenetV3Configs].map(([name, config]): [string, Architecture] => {
    const fromTensorFlow = name.startsWith('tf_')
    const preprocessing = name.startsWith('mobilenet_v3') ? torchvision224 : fromTensorFlow ? pictures(224, 256, 'bilinear', half) : timm224
    return [name, { plugin: mobilenetV3, config, preprocessing }]
  })
  return [...v2, ...v3]
}

/** As timm's weights of that name see pictures, or torchvision's. */
function visionTransformers(): [string, Architecture][] {
  return [...vitConfigs].map(([name, config]): [string, Architecture] => {
    const crop = Number(config['image_size'])
    if (name === 'vit_h_14') return [name, { plugin: vit, config, preprocessing: pictures(crop, crop, 'bicubic') }]
    if (/^vit_[bl]_/.test(name)) {
      return [name, { plugin: vit, config, preprocessing: name === 'vit_l_16' ? pictures(crop, 242, 'bilinear') : torchvision224 }]
    }
    // DeiT, DINO and DINOv2 keep ImageNet's statistics.
    const statistics = /^deit_|dinov2$|^vit_small_patch8_/.test(name) ? imageNet : half
    return [name, { plugin: vit, config, preprocessing: pictures(crop, crop === 224 ? 248 : crop, 'bicubic', statistics) }]
  })
}

/**
 * Networks by the names that torchvision and timm give them, for checkpoints that say nothing but their numbers. Pictures are made ready
 * as for torchvision's first ImageNet weights of that name, and for names that only timm has as for timm's. (A model's folder has a
 * preprocessor_config.json or a config.json that says so better.)
 */
export const architectures: ReadonlyMap<string, Architecture> = new Map<string, Architecture>([
  ...[...vggConfigs].map(([name, config]) => [name, { plugin: vgg, config, preprocessing: torchvision224 }] as const),
  ...[...resnetConfigs].map(
    ([name, config]) =>
      [
        name,
        { plugin: resnet, config, preprocessing: name === 'resnext101_64x4d' ? pictures(224, 232, 'bilinear') : torchvision224 },
      ] as const,
  ),
  ...mobilenets(),
  ...efficientnets(),
  ...visionTransformers(),
])
