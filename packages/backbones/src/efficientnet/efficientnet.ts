import type { ImageBackbonePlugin } from '../layers/image-backbone-plugin.js'
import { renamed } from '../layers/parameter-names.js'
import { pooledClassifier } from '../layers/pooled-classifier.js'
import { mobileBackbone } from '../mobile/mobile-backbone.js'
import { type MobileNames, mobileAliases, timmNames, torchvisionBlock } from '../mobile/mobile-names.js'
import { type EfficientnetConfig, efficientnetPlan, parseEfficientnetConfig, timmEfficientnets } from './efficientnet-config.js'

/** Of the Python packages efficientnet-pytorch and efficientnet-lite-pytorch, whose weights come from TensorFlow. */
const ownNames: MobileNames = {
  stem: ['_conv_stem', '_bn0'],
  block: ({ index }) => {
    const block = `_blocks.${index}`
    return {
      widen: [`${block}._expand_conv`, `${block}._bn0`],
      depthwise: [`${block}._depthwise_conv`, `${block}._bn1`],
      reduce: `${block}._se_reduce`,
      expand: `${block}._se_expand`,
      project: [`${block}._project_conv`, `${block}._bn2`],
    }
  },
  head: () => ['_conv_head', '_bn1'],
}

const torchvisionNames: MobileNames = {
  stem: ['features.0.0', 'features.0.1'],
  block: (place) => torchvisionBlock(`features.${place.stage + 1}.${place.position}.block`, place),
  head: (stages) => [`features.${stages + 1}.0`, `features.${stages + 1}.1`],
}

const transformersNames: MobileNames = {
  stem: ['embeddings.convolution', 'embeddings.batchnorm'],
  block: ({ index }) => {
    const block = `encoder.blocks.${index}`
    return {
      widen: [`${block}.expansion.expand_conv`, `${block}.expansion.expand_bn`],
      depthwise: [`${block}.depthwise_conv.depthwise_conv`, `${block}.depthwise_conv.depthwise_norm`],
      reduce: `${block}.squeeze_excite.reduce`,
      expand: `${block}.squeeze_excite.expand`,
      project: [`${block}.projection.project_conv`, `${block}.projection.project_bn`],
    }
  },
  head: () => ['encoder.top_conv', 'encoder.top_bn'],
}

/** What timm and transformers, and what torchvision call the classifier. */
const classifierAliases = new Map([
  ['classifier', '_fc'],
  ['classifier.1', '_fc'],
])

const withoutPrefix = (key: string) => key.replace(/^(efficientnet|timm_model)\./, '')

/**
 * EfficientNet B0 … B7 (Tan, Le 2019) and EfficientNet-Lite 0 … 4.
 *
 * Input: `pixel_values [batch, height, width, 3]` float32. Output: `[batch, height / 32, width / 32, width]`.
 * Weights have the names of the Python package efficientnet-pytorch; those of torchvision, timm and transformers are understood.
 * transformers' margins of single blocks (`depthwise_padding`) are those of `same` for pictures of the size a network was made for.
 * Dropout and stochastic depth are not applied.
 *
 * @see https://arxiv.org/abs/1905.11946
 */
export const efficientnet: ImageBackbonePlugin<EfficientnetConfig> = {
  modelTypes: ['efficientnet'],
  architectures: [...timmEfficientnets.keys()],
  parseConfig: parseEfficientnetConfig,
  create: (config) => mobileBackbone('efficientnet', efficientnetPlan(config), ownNames),
  rename: (key, config) => {
    const aliases = mobileAliases(efficientnetPlan(config), ownNames, [torchvisionNames, timmNames, transformersNames])
    return renamed(withoutPrefix(key), aliases, /^(classifier(\.1)?|_fc)\./)
  },
  classifier: {
    classes: '_fc.weight',
    create: (config, classes) => pooledClassifier('_fc', efficientnetPlan(config).head.to, classes),
    rename: (key) => {
      const name = renamed(withoutPrefix(key), classifierAliases, /^$/)
      return name?.startsWith('_fc.') ? name : undefined
    },
  },
}
