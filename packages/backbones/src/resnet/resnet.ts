import { maxPool2d } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { convolution } from '../layers/convolution.js'
import { type ConvolutionalBackbone, convolutionalBackbone } from '../layers/convolutional-backbone.js'
import type { ImageBackbonePlugin } from '../layers/image-backbone-plugin.js'
import { type Layer, sequence } from '../layers/layer.js'
import { renamed } from '../layers/parameter-names.js'
import { pooledClassifier } from '../layers/pooled-classifier.js'
import { parseResnetConfig, type ResnetConfig, resnetConfigs } from './resnet-config.js'
import { blockName, classifierAliases, hasShortcut, resnetAliases, withoutPrefix } from './resnet-names.js'

/**
 * ResNet (He et al. 2015), ResNeXt (Xie et al. 2016) and wide ResNet (Zagoruyko, Komodakis 2016).
 *
 * Input: `pixel_values [batch, height, width, 3]` float32. Output: `[batch, height / 32, width / 32, width]` for four stages (of a stem without
 * its pool: `/ 16`).
 * Weights have torchvision's names, which are timm's, too; those of transformers are understood.
 *
 * @see https://arxiv.org/abs/1512.03385
 */
export const resnet: ImageBackbonePlugin<ResnetConfig> = {
  modelTypes: ['resnet'],
  architectures: [...resnetConfigs.keys()],
  parseConfig: parseResnetConfig,
  create: resnetBackbone,
  rename: (key, config) => renamed(withoutPrefix(key), resnetAliases(config), /^(fc|classifier\.1)\./),
  classifier: {
    classes: 'fc.weight',
    create: (config, classes) => pooledClassifier('fc', resnetWidth(config), classes),
    rename: (key) => {
      const name = renamed(withoutPrefix(key), classifierAliases, /^$/)
      return name?.startsWith('fc.') ? name : undefined
    },
  },
}

const resnetWidth = ({ hidden_sizes: sizes }: ResnetConfig) => sizes[sizes.length - 1]

/** Its maps: after the stem, and after every stage. */
function resnetBackbone(config: ResnetConfig): ConvolutionalBackbone {
  const { embedding_size: stem, hidden_sizes: sizes, depths, stem_kernel_size: kernel, stem_pooling: pooled } = config
  const stages = depths.map((depth, stage) => {
    const blocks = Array.from({ length: depth }, (_, block) => {
      const from = block > 0 ? sizes[stage] : stage > 0 ? sizes[stage - 1] : stem
      return residual(config, stage, block, from)
    })
    return sequence(blocks)
  })
  const first = convolution({ name: 'conv1', norm: 'bn1', from: 3, to: stem, kernel, stride: 2, activation: 'relu' })
  const pool: Layer = { shapes: [], forward: (x) => maxPool2d(x, { size: 3, stride: 2, padding: 1 }) }
  return convolutionalBackbone({
    family: 'resnet',
    width: resnetWidth(config),
    stages: [pooled ? sequence([first, pool]) : first, ...stages],
    epsilon: config.batch_norm_eps,
    momentum: 0.1,
  })
}

/** ReLU of what the convolutions make of the input, plus the input or what the shortcut makes of it. */
function residual(config: ResnetConfig, stage: number, block: number, from: number): Layer {
  const name = blockName(stage, block)
  const to = config.hidden_sizes[stage]
  const stride = stage > 0 && block === 0 ? 2 : 1
  const body = sequence(
    config.layer_type === 'basic' ? basicLayers(name, from, to, stride) : bottleneckLayers(config, name, from, to, stride),
  )
  const shortcut = hasShortcut(config, stage, block)
    ? convolution({ name: `${name}.downsample.0`, norm: `${name}.downsample.1`, from, to, kernel: 1, stride })
    : undefined
  return {
    shapes: [...body.shapes, ...(shortcut?.shapes ?? [])],
    forward: (x, pass) => tf.relu(tf.add<tf.Tensor4D>(body.forward(x, pass), shortcut ? shortcut.forward(x, pass) : x)),
  }
}

const unit = (block: string, k: number) => ({ name: `${block}.conv${k}`, norm: `${block}.bn${k}` })

function basicLayers(block: string, from: number, to: number, stride: number): Layer[] {
  return [
    convolution({ ...unit(block, 1), from, to, kernel: 3, stride, activation: 'relu' }),
    convolution({ ...unit(block, 2), from: to, to, kernel: 3 }),
  ]
}

function bottleneckLayers(config: ResnetConfig, block: string, from: number, to: number, stride: number): Layer[] {
  const { groups, width_per_group: width, downsample_in_bottleneck: early } = config
  const inner = Math.floor(((to / 4) * width) / 64) * groups
  return [
    convolution({ ...unit(block, 1), from, to: inner, kernel: 1, stride: early ? stride : 1, activation: 'relu' }),
    convolution({ ...unit(block, 2), from: inner, to: inner, kernel: 3, stride: early ? 1 : stride, groups, activation: 'relu' }),
    convolution({ ...unit(block, 3), from: inner, to, kernel: 1 }),
  ]
}
