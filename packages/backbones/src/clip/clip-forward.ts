import { MsError } from '@ms/core'
import type { Hidden, Tensors, Weights } from '@ms/core/tensor'
import { gatherRows } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { activation } from '../bert/activation.js'
import { masked } from '../transformer/attention.js'
import { dense, norm } from '../transformer/dense.js'
import { type PatchSettings, patchTokens } from '../transformer/patch-tokens.js'
import { type PreNormSettings, preNormLayer, preNormShapes } from '../transformer/pre-norm-layer.js'
import type { ClipTextConfig, ClipVisionConfig } from './clip-config.js'
import { layerNames, textNames, visionNames } from './clip-names.js'

type Tower = ClipTextConfig | ClipVisionConfig

const settingsOf = (config: Tower): PreNormSettings => ({
  width: config.hidden_size,
  heads: config.num_attention_heads,
  inner: config.intermediate_size,
  eps: config.layer_norm_eps,
  activation: activation(config.hidden_act),
  projectionBias: true,
})

/** What a tower computes: its states, `[batch × tokens, width]`, and the vector it makes of them. */
export interface ClipStates {
  readonly states: readonly tf.Tensor2D[]
  /** `[batch, projection_dim]`, not normalised. */
  readonly pooled: tf.Tensor2D
}

export const pooled = ({ pooled }: ClipStates): Hidden => ({ kind: 'pooled', pooled })

/** Words + positions, layers that see only earlier tokens, the last norm; the vector is that of the end token. */
export function clipTextStates(config: ClipTextConfig, inputs: Tensors, weights: Weights): ClipStates {
  const { hidden_size: width, layer_norm_eps: eps } = config
  const { ids, mask } = checkedIds(config, inputs)
  const [batch, tokens] = ids.shape
  const words = gatherRows<tf.Tensor3D>(weights.get(textNames.words) as tf.Tensor2D, ids)
  const positions = tf.slice(weights.get(textNames.positions), [0, 0], [tokens, width])
  const seen = tf.cast(mask, 'float32') as tf.Tensor2D
  const bias = tf.add(futureBias(tokens), tf.mul(tf.reshape(tf.sub(1, seen), [batch, 1, 1, tokens]), masked))
  const shape = { batch, tokens, heads: config.num_attention_heads }
  const settings = settingsOf(config)
  const states = [tf.reshape(tf.add(words, positions), [batch * tokens, width]) as tf.Tensor2D]
  for (let i = 0; i < config.num_hidden_layers; i++)
    states.push(preNormLayer(settings, layerNames('text_model', i), weights, states[i], shape, bias))
  states.push(norm(weights, textNames.norm, states[states.length - 1], eps))
  const last = atEnd(tf.reshape(states[states.length - 1], [batch, tokens, width]), seen)
  return { states, pooled: projected(config, textNames.projection, weights, last) }
}

/** Class token and patches, normalised, layers; the vector is that of the class token, normalised again. */
export function clipVisionStates(config: ClipVisionConfig, inputs: Tensors, weights: Weights): ClipStates {
  const { hidden_size: width, layer_norm_eps: eps } = config
  const embedded = patchTokens(patchSettings(config), weights, inputs['pixel_values'])
  const [batch, tokens] = embedded.shape
  const shape = { batch, tokens, heads: config.num_attention_heads }
  const settings = settingsOf(config)
  const states = [norm(weights, visionNames.norm, tf.reshape(embedded, [batch * tokens, width]), eps)]
  for (let i = 0; i < config.num_hidden_layers; i++)
    states.push(preNormLayer(settings, layerNames('vision_model', i), weights, states[i], shape))
  const first = tf.slice(tf.reshape(states[states.length - 1], [batch, tokens, width]), [0, 0, 0], [batch, 1, width])
  const classes = norm(weights, visionNames.lastNorm, tf.reshape(first, [batch, width]), eps)
  return { states, pooled: projected(config, visionNames.projection, weights, classes) }
}

export function clipTextShapes(config: ClipTextConfig): ReadonlyMap<string, readonly number[]> {
  const { hidden_size: width } = config
  const shapes = new Map<string, readonly number[]>([
    [textNames.words, [config.vocab_size, width]],
    [textNames.positions, [config.max_position_embeddings, width]],
  ])
  for (let i = 0; i < config.num_hidden_layers; i++) preNormShapes(settingsOf(config), layerNames('text_model', i), shapes)
  shapes.set(`${textNames.norm}.weight`, [width]).set(`${textNames.norm}.bias`, [width])
  return withProjection(shapes, textNames.projection, config)
}

export function clipVisionShapes(config: ClipVisionConfig): ReadonlyMap<string, readonly number[]> {
  const { hidden_size: width, patch_size: patch } = config
  const { grid } = patchSettings(config)
  const shapes = new Map<string, readonly number[]>([
    [visionNames.classToken, [width]],
    [visionNames.filter, [width, 3, patch, patch]],
    [visionNames.positions, [1 + grid[0] * grid[1], width]],
  ])
  for (const name of [visionNames.norm, visionNames.lastNorm]) shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width])
  for (let i = 0; i < config.num_hidden_layers; i++) preNormShapes(settingsOf(config), layerNames('vision_model', i), shapes)
  return withProjection(shapes, visionNames.projection, config)
}

function withProjection(shapes: Map<string, readonly number[]>, name: string, { projection_dim: to, hidden_size: from }: Tower) {
  return to === undefined ? shapes : shapes.set(`${name}.weight`, [to, from])
}

function patchSettings(config: ClipVisionConfig): PatchSettings {
  const { hidden_size: width, patch_size: patch, image_size: size } = config
  const { filter, classToken, positions } = visionNames
  return {
    width,
    patch: [patch, patch],
    grid: [size / patch, size / patch],
    antialias: false,
    names: { filter, placed: [classToken], unplaced: [], positions },
  }
}

function checkedIds(config: ClipTextConfig, inputs: Tensors): { ids: tf.Tensor2D; mask: tf.Tensor } {
  const ids = inputs['input_ids']
  const mask = inputs['attention_mask']
  if (ids?.rank !== 2 || !mask || mask.shape[0] !== ids.shape[0] || mask.shape[1] !== ids.shape[1]) {
    throw new MsError('inputs.shape', 'a CLIP reads input_ids and attention_mask, both [batch, tokens]', { kind: 'failure' })
  }
  if ((ids.shape[1] ?? 0) > config.max_position_embeddings) {
    throw new MsError('inputs.length', `${ids.shape[1]} tokens, but the network has ${config.max_position_embeddings} positions`, {
      advice: 'Set a maximum length, so that longer texts are truncated.',
    })
  }
  return { ids: ids as tf.Tensor2D, mask }
}

/** `[1, 1, tokens, tokens]`: 0 where a token sees itself or an earlier one. */
function futureBias(tokens: number): tf.Tensor {
  const places = tf.range(0, tokens, 1, 'float32')
  const ahead = tf.sub(tf.reshape(places, [1, tokens]), tf.reshape(places, [tokens, 1]))
  return tf.reshape(tf.mul(tf.clipByValue(ahead, 0, 1), masked), [1, 1, tokens, tokens])
}

/** The state of each text's last token, which is the end token; texts are padded to the right. */
function atEnd(states: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor2D {
  const [batch, tokens] = mask.shape
  const next = tf.pad(tf.slice(mask, [0, 1], [batch, tokens - 1]), [
    [0, 0],
    [0, 1],
  ])
  return tf.sum(tf.mul(states, tf.reshape(tf.sub(mask, next), [batch, tokens, 1])), 1)
}

const projected = ({ projection_dim: to }: Tower, name: string, weights: Weights, x: tf.Tensor2D) =>
  to === undefined ? x : dense(weights, name, x, false)
