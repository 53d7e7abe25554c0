import { MsError } from '@ms/core'
import type { Hidden, Mode, Tensors, Weights } from '@ms/core/tensor'
import { dropout, gatherRows } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { attention, masked } from '../transformer/attention.js'
import { dense, norm } from '../transformer/dense.js'
import { activation } from './activation.js'
import type { BertConfig } from './bert-config.js'
import { dropoutNames, embeddingNames, layerNames } from './bert-names.js'

/** A BERT (Devlin et al. 2019): post-norm transformer encoder. Dense layers run on `[batch × tokens, width]` matrices. */
export function bertForward(config: BertConfig, inputs: Tensors, weights: Weights, mode: Mode): Hidden {
  const states = bertStates(config, inputs, weights, mode)
  const [batch, tokens] = inputs['input_ids'].shape
  return {
    kind: 'tokens',
    tokens: tf.reshape(states[states.length - 1], [batch, tokens, config.hidden_size]),
    mask: tf.cast(inputs['attention_mask'], 'float32') as tf.Tensor2D,
  }
}

/** Output of the embeddings and of each layer, `[batch × tokens, width]`: Python's `hidden_states`. */
export function bertStates(config: BertConfig, inputs: Tensors, weights: Weights, mode: Mode = { training: false }): tf.Tensor2D[] {
  const { input_ids: ids, attention_mask: mask } = checkInputs(config, inputs)
  const [batch, tokens] = ids.shape
  const bias = tf.reshape(tf.mul(tf.sub(1, tf.cast(mask, 'float32')), masked), [batch, 1, 1, tokens])
  const act = activation(config.hidden_act)
  const states = [dropout(embed(config, inputs, weights), mode.dropout?.(dropoutNames.embeddings))]
  for (let i = 0; i < config.num_hidden_layers; i++) states.push(layer(config, weights, i, states[i], { bias, batch, tokens, act, mode }))
  return states
}

function checkInputs(config: BertConfig, inputs: Tensors): Tensors {
  const ids = inputs['input_ids']
  const mask = inputs['attention_mask']
  if (ids?.rank !== 2 || !mask || mask.shape[0] !== ids.shape[0] || mask.shape[1] !== ids.shape[1]) {
    throw new MsError('inputs.shape', 'a BERT reads input_ids and attention_mask, both [batch, tokens]', { kind: 'failure' })
  }
  if ((ids.shape[1] ?? 0) > config.max_position_embeddings) {
    throw new MsError('inputs.length', `${ids.shape[1]} tokens, but the network has ${config.max_position_embeddings} positions`, {
      advice: 'Set a maximum length, so that longer texts are truncated.',
    })
  }
  return inputs
}

/** Words + positions + types, normalised: `[batch × tokens, width]`. */
function embed(config: BertConfig, inputs: Tensors, weights: Weights): tf.Tensor2D {
  const { hidden_size: width, layer_norm_eps: eps } = config
  const ids = inputs['input_ids'] as tf.Tensor2D
  const [batch, tokens] = ids.shape
  const rows = batch * tokens
  const words = gatherRows<tf.Tensor3D>(weights.get(embeddingNames.words) as tf.Tensor2D, ids)
  const positions = tf.slice(weights.get(embeddingNames.positions), [0, 0], [tokens, width])
  const types = weights.get(embeddingNames.types) as tf.Tensor2D
  const typeIds = inputs['token_type_ids']
  // Without type ids the one row of type 0 is added to the positions, once for the whole batch.
  const sum = typeIds
    ? tf.add(tf.add(words, gatherRows<tf.Tensor3D>(types, typeIds)), positions)
    : tf.add(words, tf.add(positions, tf.slice(types, [0, 0], [1, width])))
  return norm(weights, embeddingNames.norm, tf.reshape(sum, [rows, width]), eps)
}

/** What all layers are given. */
interface LayerContext {
  /** Of the attention's scores, `[batch, 1, 1, tokens]`. */
  readonly bias: tf.Tensor
  readonly batch: number
  readonly tokens: number
  readonly act: (x: tf.Tensor2D) => tf.Tensor2D
  readonly mode: Mode
}

function layer(
  config: BertConfig,
  weights: Weights,
  i: number,
  x: tf.Tensor2D,
  { bias, batch, tokens, act, mode }: LayerContext,
): tf.Tensor2D {
  const drops = dropoutNames.layer(i)
  const names = layerNames(i)
  const eps = config.layer_norm_eps
  const [query, key, value] = [names.query, names.key, names.value].map((name) => dense(weights, name, x))
  const context = attention(query, key, value, { batch, tokens, heads: config.num_attention_heads }, bias, mode.dropout?.(drops.attention))
  const attended = norm(
    weights,
    names.attentionNorm,
    tf.add(dropout(dense(weights, names.attentionOutput, context), mode.dropout?.(drops.attentionOutput)), x),
    eps,
  )
  const inner = act(dense(weights, names.intermediate, attended))
  return norm(weights, names.outputNorm, tf.add(dropout(dense(weights, names.output, inner), mode.dropout?.(drops.output)), attended), eps)
}
