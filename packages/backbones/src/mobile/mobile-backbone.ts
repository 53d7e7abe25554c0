import * as tf from '@tensorflow/tfjs-core'
import { convolution } from '../layers/convolution.js'
import { type ConvolutionalBackbone, convolutionalBackbone } from '../layers/convolutional-backbone.js'
import { type Layer, sequence } from '../layers/layer.js'
import { squeezeExcite } from '../layers/squeeze-excite.js'
import { type BlockNames, eachBlock, type MobileNames } from './mobile-names.js'
import type { MobileBlock, MobilePlan } from './mobile-plan.js'

/** The network of a plan. Its maps: after the stem, after every stage, after the last convolution. */
export function mobileBackbone(family: string, plan: MobilePlan, names: MobileNames): ConvolutionalBackbone {
  const { stem, stages, head, padding, epsilon, momentum } = plan
  const blocks = eachBlock(plan, (block, place) => ({ stage: place.stage, layer: invertedResidual(block, names.block(place), plan) }))
  const last = stages[stages.length - 1]
  const [stemName, stemNorm] = names.stem
  const [headName, headNorm] = names.head(stages.length, blocks.length)
  return convolutionalBackbone({
    family,
    width: head.to,
    stages: [
      convolution({ name: stemName, norm: stemNorm, from: 3, ...stem, kernel: 3, stride: 2, padding }),
      ...stages.map((_, stage) => sequence(blocks.filter((each) => each.stage === stage).map(({ layer }) => layer))),
      convolution({ name: headName, norm: headNorm, from: last[last.length - 1].to, ...head, kernel: 1 }),
    ],
    epsilon,
    momentum,
  })
}

function invertedResidual(block: MobileBlock, names: BlockNames, { padding, squeeze }: MobilePlan): Layer {
  const { from, inner, to, kernel, stride, squeezed, activation } = block
  const unit = ([name, norm]: readonly [string, string]) => ({ name, norm })
  const layers = [convolution({ ...unit(names.depthwise), from: inner, to: inner, kernel, stride, groups: inner, padding, activation })]
  if (inner !== from) layers.unshift(convolution({ ...unit(names.widen), from, to: inner, kernel: 1, activation }))
  if (squeezed > 0) layers.push(squeezeExcite({ reduce: names.reduce, expand: names.expand, channels: inner, squeezed, ...squeeze }))
  layers.push(convolution({ ...unit(names.project), from: inner, to, kernel: 1 }))
  const { shapes, forward } = sequence(layers)
  if (stride !== 1 || from !== to) return { shapes, forward }
  return { shapes, forward: (x, pass) => tf.add(forward(x, pass), x) }
}
