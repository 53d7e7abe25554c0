import type { Classifier } from '@ms/core/tensor'
import { hardSwish } from '@ms/runtime'
import type { ImageBackbonePlugin } from '../layers/image-backbone-plugin.js'
import { renamed } from '../layers/parameter-names.js'
import { dense, denseShapes, pooled } from '../layers/pooled-classifier.js'
import { mobileBackbone } from '../mobile/mobile-backbone.js'
import { type MobileNames, mobileAliases, timmNames, torchvisionBlock } from '../mobile/mobile-names.js'
import {
  type MobilenetV3Config,
  mobilenetV3Configs,
  mobilenetV3Features,
  mobilenetV3Plan,
  parseMobilenetV3Config,
} from './mobilenet-v3-config.js'

const torchvisionNames: MobileNames = {
  stem: ['features.0.0', 'features.0.1'],
  block: (place) => torchvisionBlock(`features.${place.index + 1}.block`, place),
  head: (_, blocks) => [`features.${blocks + 1}.0`, `features.${blocks + 1}.1`],
}

/** timm counts the last convolution as a stage of its own; what it calls `conv_head` comes after the pooling. */
const timmV3Names: MobileNames = { ...timmNames, head: (stages) => [`blocks.${stages}.0.conv`, `blocks.${stages}.0.bn1`] }

const [features, classes] = ['classifier.0', 'classifier.3']

const classifierAliases = new Map([
  ['conv_head', features],
  ['classifier', classes],
])

const withoutPrefix = (key: string) => key.replace(/^timm_model\./, '')

/**
 * MobileNet V3, large and small (Howard et al. 2019).
 *
 * Input: `pixel_values [batch, height, width, 3]` float32. Output: `[batch, height / 32, width / 32, 960]` (small: 576).
 * Weights have torchvision's names; timm's are understood.
 *
 * @see https://arxiv.org/abs/1905.02244
 */
export const mobilenetV3: ImageBackbonePlugin<MobilenetV3Config> = {
  modelTypes: ['mobilenet_v3'],
  architectures: [...mobilenetV3Configs.keys()],
  parseConfig: parseMobilenetV3Config,
  create: (config) => mobileBackbone('mobilenet', mobilenetV3Plan(config), torchvisionNames),
  rename: (key, config) => {
    const aliases = mobileAliases(mobilenetV3Plan(config), torchvisionNames, [timmV3Names])
    return renamed(withoutPrefix(key), aliases, /^(classifier|conv_head)\./)
  },
  classifier: {
    classes: `${classes}.weight`,
    create: mobilenetV3Classifier,
    rename: (key) => {
      const name = renamed(withoutPrefix(key), classifierAliases, /^$/)
      return name && /^classifier\.[03]\./.test(name) ? name : undefined
    },
  },
}

/** A dense layer with its activation stands between the pooling and the classes. */
function mobilenetV3Classifier(config: MobilenetV3Config, count: number): Classifier {
  const width = mobilenetV3Plan(config).head.to
  const inner = mobilenetV3Features(config)
  return {
    shapes: new Map([...denseShapes(features, width, inner), ...denseShapes(classes, inner, count)]),
    forward: (hidden, weights) => dense(hardSwish(dense(pooled(hidden), weights, features)), weights, classes),
  }
}
