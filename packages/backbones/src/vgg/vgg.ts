import { MsError } from '@ms/core'
import type { Classifier, Hidden, Mode, Tensors, Weights } from '@ms/core/tensor'
import { avgPool2d, maxPool2d } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { convolution } from '../layers/convolution.js'
import { type ConvolutionalBackbone, convolutionalBackbone } from '../layers/convolutional-backbone.js'
import type { ImageBackbonePlugin } from '../layers/image-backbone-plugin.js'
import { type Layer, type NamedShape, sequence } from '../layers/layer.js'
import { renamed } from '../layers/parameter-names.js'
import { dense, denseShapes } from '../layers/pooled-classifier.js'
import { parseVggConfig, type VggConfig, vggConfigs } from './vgg-config.js'

/** torchvision's names of the fully connected layers, and timm's. */
const fullyConnected = { fc1: 'classifier.0', fc2: 'classifier.3', classes: 'classifier.6' } as const
const timmNames = new Map([
  ['pre_logits.fc1', fullyConnected.fc1],
  ['pre_logits.fc2', fullyConnected.fc2],
  ['head.fc', fullyConnected.classes],
])

/**
 * VGG (Simonyan, Zisserman 2014), with or without batch norm.
 *
 * Input: `pixel_values [batch, height, width, 3]` float32. Output: the last map `[batch, height / 32, width / 32, 512]`, to be pooled;
 * or with `output: 'fc1' | 'fc2'` the 4,096 numbers of a fully connected layer, `[batch, 4096]`, for sides that are multiples of 224.
 * Weights have torchvision's names; timm's are the same but for the fully connected layers, and are understood. Dropout is not applied.
 *
 * @see https://arxiv.org/abs/1409.1556
 */
export const vgg: ImageBackbonePlugin<VggConfig> = {
  modelTypes: ['vgg'],
  architectures: [...vggConfigs.keys()],
  parseConfig: parseVggConfig,
  create: vggBackbone,
  rename: (key, { output }) => {
    const name = renamed(key, timmNames, /^$/)
    const used = output === 'map' ? [] : output === 'fc1' ? [fullyConnected.fc1] : [fullyConnected.fc1, fullyConnected.fc2]
    return !name?.startsWith('classifier.') || used.some((layer) => name.startsWith(`${layer}.`)) ? name : undefined
  },
  classifier: {
    classes: `${fullyConnected.classes}.weight`,
    create: vggClassifier,
    rename: (key, { output }) => {
      const name = renamed(key, timmNames, /^$/)
      return [...remainingLayers(output), fullyConnected.classes].some((layer) => name?.startsWith(`${layer}.`)) ? name : undefined
    },
  },
}

function vggBackbone(config: VggConfig): ConvolutionalBackbone {
  const { channels, output } = config
  const base = convolutionalBackbone({
    family: 'vgg',
    width: channels[channels.length - 1][channels[channels.length - 1].length - 1],
    stages: vggStages(config),
    epsilon: config.batch_norm_eps,
    momentum: 0.1,
  })
  if (output === 'map') return base
  const layers = output === 'fc1' ? [fullyConnected.fc1] : [fullyConnected.fc1, fullyConnected.fc2]
  return {
    ...base,
    width: config.fc_size,
    shapes: new Map([...base.shapes, ...fullyConnectedShapes(config, layers)]),
    forward: (inputs: Tensors, weights: Weights, mode: Mode): Hidden => {
      const hidden = base.forward(inputs, weights, mode)
      return { kind: 'pooled', pooled: throughLayers(hidden, config, layers, weights) }
    },
  }
}

/** Places in torchvision's `features`, where activations and poolings count, too. */
function vggStages({ channels, batch_norm: normed }: VggConfig): Layer[] {
  let place = 0
  let from = 3
  return channels.map((stage) => {
    const layers = stage.map((to) => {
      const name = `features.${place}`
      const norm = normed ? `features.${place + 1}` : undefined
      const layer = convolution({ name, norm, bias: true, from, to, kernel: 3, activation: 'relu' })
      place += normed ? 3 : 2
      from = to
      return layer
    })
    place++
    return sequence([...layers, halve])
  })
}

const halve: Layer = { shapes: [], forward: (x) => maxPool2d(x, { size: 2 }) }

const remainingLayers = (output: VggConfig['output']) =>
  output === 'map' ? [fullyConnected.fc1, fullyConnected.fc2] : output === 'fc1' ? [fullyConnected.fc2] : []

function vggClassifier(config: VggConfig, classes: number): Classifier {
  const layers = remainingLayers(config.output)
  return {
    shapes: new Map([...fullyConnectedShapes(config, layers), ...denseShapes(fullyConnected.classes, config.fc_size, classes)]),
    forward: (hidden, weights) => dense(throughLayers(hidden, config, layers, weights), weights, fullyConnected.classes),
  }
}

function fullyConnectedShapes({ channels, fc_grid: grid, fc_size: size }: VggConfig, layers: readonly string[]): NamedShape[] {
  const width = channels[channels.length - 1][channels[channels.length - 1].length - 1]
  return layers.flatMap((layer) => denseShapes(layer, layer === fullyConnected.fc1 ? width * grid * grid : size, size))
}

/** Fully connected layers with their ReLU, on top of a map or of what earlier ones made. */
function throughLayers(hidden: Hidden, { fc_grid: grid }: VggConfig, layers: readonly string[], weights: Weights): tf.Tensor2D {
  const start = hidden.kind === 'map' ? onGrid(hidden.map, grid) : hidden.kind === 'pooled' ? hidden.pooled : undefined
  if (!start) throw new MsError('inputs.shape', 'a VGG makes no tokens', { kind: 'failure' })
  return layers.reduce((x, layer) => tf.relu(dense(x, weights, layer)), start)
}

/** A map as torch's adaptive pooling and flattening make it: `[batch, channels × grid × grid]`, channel by channel. */
function onGrid(map: tf.Tensor4D, grid: number): tf.Tensor2D {
  const [batch, height, width, channels] = map.shape
  if (height % grid !== 0 || width % grid !== 0) {
    throw new MsError(
      'inputs.shape',
      `the fully connected layers see ${grid} × ${grid} places, which ${height} × ${width} cannot be pooled to`,
      {
        advice: `Make the pictures ${32 * grid} × ${32 * grid} pixels, or take output: 'map'.`,
      },
    )
  }
  const pooled = height === grid && width === grid ? map : avgPool2d(map, { size: [height / grid, width / grid] })
  return tf.reshape(tf.transpose(pooled, [0, 3, 1, 2]), [batch, channels * grid * grid])
}
