import type { BackbonePlugin } from '@ms/core/tensor'
import { type ClipTextConfig, type ClipVisionConfig, parseClipTextConfig, parseClipVisionConfig } from './clip-config.js'
import { clipTextShapes, clipTextStates, clipVisionShapes, clipVisionStates, pooled } from './clip-forward.js'
import { clipParameterName, textNames } from './clip-names.js'

type Plugin<Config> = BackbonePlugin<Config> & Required<Pick<BackbonePlugin<Config>, 'rename'>>

/**
 * The text tower of CLIP (Radford et al. 2021) with its projection.
 *
 * Inputs: `input_ids` and `attention_mask`, `[batch, tokens]` int32, texts ending in the end token and padded to the right.
 * Output: one vector a text, `[batch, projection_dim]`, in the space of the pictures.
 *
 * @see https://arxiv.org/abs/2103.00020
 */
export const clipText: Plugin<ClipTextConfig> = {
  modelTypes: ['clip', 'clip_text_model'],
  parseConfig: parseClipTextConfig,
  create: (config) => ({
    family: 'clip',
    makes: 'pooled',
    width: config.projection_dim ?? config.hidden_size,
    shapes: clipTextShapes(config),
    lookups: { [textNames.words]: 'input_ids' },
    forward: (inputs, weights) => pooled(clipTextStates(config, inputs, weights)),
  }),
  rename: (key, { projection_dim }) => clipParameterName(key, 'text', projection_dim !== undefined),
}

/**
 * The picture tower of CLIP with its projection.
 *
 * Input: `pixel_values [batch, height, width, 3]` float32, height and width multiples of a patch; for another size than the
 * network was trained for, position embeddings are interpolated. Output: one vector a picture, `[batch, projection_dim]`.
 *
 * @see https://arxiv.org/abs/2103.00020
 */
export const clipVision: Plugin<ClipVisionConfig> = {
  modelTypes: ['clip', 'clip_vision_model'],
  parseConfig: parseClipVisionConfig,
  create: (config) => ({
    family: 'clip',
    makes: 'pooled',
    width: config.projection_dim ?? config.hidden_size,
    shapes: clipVisionShapes(config),
    lookups: {},
    forward: (inputs, weights) => pooled(clipVisionStates(config, inputs, weights)),
  }),
  rename: (key, { projection_dim }) => clipParameterName(key, 'vision', projection_dim !== undefined),
}
