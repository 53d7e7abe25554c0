import type { BackbonePlugin } from '@ms/core/tensor'
import { vitConfigs } from './vit-architectures.js'
import { parseVitConfig, type VitConfig } from './vit-config.js'
import { vitForward, vitShapes } from './vit-forward.js'
import { vitParameterName } from './vit-names.js'

/**
 * Vision transformers: ViT (Dosovitskiy et al. 2020), DeiT (Touvron et al. 2020) and DINOv2 (Oquab et al. 2023), the latter
 * with registers, too; without pooler and heads.
 *
 * Input: `pixel_values [batch, height, width, 3]` float32, height and width multiples of a patch; for another size than the
 * network was trained for, position embeddings are interpolated. Output: `[batch, tokens, width]`, the class token first.
 * Weights have transformers' names, or timm's where config.json names the network as timm does.
 *
 * @see https://arxiv.org/abs/2010.11929
 */
export const vit: BackbonePlugin<VitConfig> & Required<Pick<BackbonePlugin<VitConfig>, 'architectures' | 'rename'>> = {
  modelTypes: ['vit', 'deit', 'dinov2', 'dinov2_with_registers'],
  architectures: [...vitConfigs.keys()],
  parseConfig: parseVitConfig,
  create: (config) => ({
    family: 'vit',
    width: config.hidden_size,
    shapes: vitShapes(config),
    lookups: {},
    forward: (inputs, weights) => vitForward(config, inputs, weights),
  }),
  rename: vitParameterName,
}
