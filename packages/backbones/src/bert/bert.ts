import type { BackbonePlugin } from '@ms/core/tensor'
import { type BertConfig, parseBertConfig } from './bert-config.js'
import { bertDropouts } from './bert-dropouts.js'
import { bertForward } from './bert-forward.js'
import { bertParameterName, bertShapes, embeddingNames } from './bert-names.js'

/**
 * BERT and everything of `model_type: bert` (MiniLM, BGE, E5, GTE, LaBSE …), without pooler and heads.
 *
 * Inputs: `input_ids [batch, tokens] int32`, `attention_mask [batch, tokens]` int32 or float32, and if wanted
 * `token_type_ids [batch, tokens] int32` (default: all 0). Output: `[batch, tokens, width]`. Dropout is applied where training asks for it.
 *
 * @see https://arxiv.org/abs/1810.04805
 *
 * @example
 * ```ts
 * import { bert, loadParameters } from '@ms/backbones'
 * import { type ModelFiles } from '@ms/core'
 * async function load(files: ModelFiles) {
 *   const json: unknown = JSON.parse(new TextDecoder().decode(await files.read('config.json')))
 *   const config = bert.parseConfig(json, 'config.json')
 *   const backbone = bert.create(config)
 *   const parameters = await loadParameters(files, backbone.shapes, { rename: (key) => bert.rename(key, config) })
 *   return { backbone, parameters }
 * }
 * ```
 */
export const bert: BackbonePlugin<BertConfig> & Required<Pick<BackbonePlugin<BertConfig>, 'rename' | 'fingerprint'>> = {
  modelTypes: ['bert'],
  parseConfig: parseBertConfig,
  create: (config) => ({
    family: 'bert',
    width: config.hidden_size,
    shapes: bertShapes(config),
    lookups: { [embeddingNames.words]: 'input_ids' },
    dropouts: (inputs) => bertDropouts(config, inputs),
    forward: (inputs, weights, mode) => bertForward(config, inputs, weights, mode),
  }),
  fingerprint: ({ hidden_dropout_prob: _, attention_probs_dropout_prob: __, ...computed }) => computed,
  rename: (key) => bertParameterName(key),
}
