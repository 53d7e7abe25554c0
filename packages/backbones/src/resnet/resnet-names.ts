import type { Aliases } from '../layers/parameter-names.js'
import type { ResnetConfig } from './resnet-config.js'

/** torchvision's name of a block. */
export const blockName = (stage: number, block: number) => `layer${stage + 1}.${block}`

/** Whether a block's input has to be made the shape of its output. */
export const hasShortcut = ({ hidden_sizes: sizes, embedding_size: stem }: ResnetConfig, stage: number, block: number) =>
  block === 0 && (stage > 0 || sizes[0] !== stem)

/** Names of transformers → torchvision's. */
export function resnetAliases(config: ResnetConfig): Aliases {
  const aliases = new Map<string, string>()
  const unit = (other: string, convolution: string, norm: string) =>
    aliases.set(`${other}.convolution`, convolution).set(`${other}.normalization`, norm)
  unit('embedder.embedder', 'conv1', 'bn1')
  for (const [stage, depth] of config.depths.entries()) {
    for (let block = 0; block < depth; block++) {
      const other = `encoder.stages.${stage}.layers.${block}`
      const own = blockName(stage, block)
      if (hasShortcut(config, stage, block)) unit(`${other}.shortcut`, `${own}.downsample.0`, `${own}.downsample.1`)
      const convolutions = config.layer_type === 'basic' ? [1, 2] : [1, 2, 3]
      for (const k of convolutions) unit(`${other}.layer.${k - 1}`, `${own}.conv${k}`, `${own}.bn${k}`)
    }
  }
  return aliases
}

/** The classifier as torchvision and timm call it, and as transformers does. */
export const classifierAliases: Aliases = new Map([['classifier.1', 'fc']])

export const withoutPrefix = (key: string) => key.replace(/^(resnet|timm_model)\./, '')
