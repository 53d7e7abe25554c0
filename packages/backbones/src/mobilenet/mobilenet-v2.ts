import type { ImageBackbonePlugin } from '../layers/image-backbone-plugin.js'
import { renamed } from '../layers/parameter-names.js'
import { pooledClassifier } from '../layers/pooled-classifier.js'
import { mobileBackbone } from '../mobile/mobile-backbone.js'
import { type MobileNames, mobileAliases, timmNames } from '../mobile/mobile-names.js'
import { type MobilenetV2Config, mobilenetV2Configs, mobilenetV2Plan, parseMobilenetV2Config } from './mobilenet-v2-config.js'

/** torchvision's: the last convolution of a block and its norm stand in the list by themselves. */
const torchvisionNames: MobileNames = {
  stem: ['features.0.0', 'features.0.1'],
  block: ({ index, widens }) => {
    const block = `features.${index + 1}.conv`
    const [depthwise, project] = widens ? [1, 2] : [0, 1]
    return {
      widen: [`${block}.0.0`, `${block}.0.1`],
      depthwise: [`${block}.${depthwise}.0`, `${block}.${depthwise}.1`],
      reduce: '',
      expand: '',
      project: [`${block}.${project}`, `${block}.${project + 1}`],
    }
  },
  head: (_, blocks) => [`features.${blocks + 1}.0`, `features.${blocks + 1}.1`],
}

/** transformers': the first block is a part of the stem. */
const transformersNames: MobileNames = {
  stem: ['conv_stem.first_conv.convolution', 'conv_stem.first_conv.normalization'],
  block: ({ index }) => {
    const unit = (name: string) => {
      const place = index === 0 ? `conv_stem.${name}` : `layer.${index - 1}.${name}`
      return [`${place}.convolution`, `${place}.normalization`] as const
    }
    return { widen: unit('expand_1x1'), depthwise: unit('conv_3x3'), reduce: '', expand: '', project: unit('reduce_1x1') }
  },
  head: () => ['conv_1x1.convolution', 'conv_1x1.normalization'],
}

/** transformers and timm say `classifier`, torchvision `classifier.1`. */
const classifierAliases = new Map([['classifier', 'classifier.1']])

const withoutPrefix = (key: string) => key.replace(/^(mobilenet_v2|timm_model)\./, '')

/**
 * MobileNet V2 (Sandler et al. 2018).
 *
 * Input: `pixel_values [batch, height, width, 3]` float32. Output: `[batch, height / 32, width / 32, 1280]`.
 * Weights have torchvision's names; those of timm and transformers are understood.
 *
 * @see https://arxiv.org/abs/1801.04381
 */
export const mobilenetV2: ImageBackbonePlugin<MobilenetV2Config> = {
  modelTypes: ['mobilenet_v2'],
  architectures: [...mobilenetV2Configs.keys()],
  parseConfig: parseMobilenetV2Config,
  create: (config) => mobileBackbone('mobilenet', mobilenetV2Plan(config), torchvisionNames),
  rename: (key, config) => {
    const aliases = mobileAliases(mobilenetV2Plan(config), torchvisionNames, [timmNames, transformersNames])
    return renamed(withoutPrefix(key), aliases, /^classifier\./)
  },
  classifier: {
    classes: 'classifier.1.weight',
    create: (config, classes) => pooledClassifier('classifier.1', mobilenetV2Plan(config).head.to, classes),
    rename: (key) => {
      const name = renamed(withoutPrefix(key), classifierAliases, /^$/)
      return name?.startsWith('classifier.1.') ? name : undefined
    },
  },
}
