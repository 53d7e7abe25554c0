import type { Hidden, Tensors, Weights } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { activation } from '../bert/activation.js'
import { norm } from '../transformer/dense.js'
import { type PatchSettings, patchTokens } from '../transformer/patch-tokens.js'
import { type PreNormSettings, preNormLayer, preNormShapes } from '../transformer/pre-norm-layer.js'
import type { VitConfig } from './vit-config.js'
import { vitNames } from './vit-names.js'

/** Tokens after the last norm: class, distillation, registers, patches; registers, which hold nothing of their place, are masked. */
export function vitForward(config: VitConfig, inputs: Tensors, weights: Weights): Hidden {
  const states = vitStates(config, inputs, weights)
  const tokens = states[states.length - 1]
  const [batch, count] = tokens.shape
  const first = config.distilled ? 2 : 1
  const seen = Float32Array.from({ length: count }, (_, i) => (i >= first && i < first + config.registers ? 0 : 1))
  return { kind: 'tokens', tokens, mask: tf.add<tf.Tensor2D>(tf.zeros([batch, count]), tf.tensor1d(seen)) }
}

/** What the embeddings give, what each layer gives, and the last one normalised: `[batch, tokens, width]` each. */
export function vitStates(config: VitConfig, inputs: Tensors, weights: Weights): tf.Tensor3D[] {
  const { hidden_size: width, layer_norm_eps: eps } = config
  const names = vitNames(config)
  const embedded = patchTokens(patchSettings(config), weights, inputs['pixel_values'])
  const [batch, tokens] = embedded.shape
  const shape = { batch, tokens, heads: config.num_attention_heads }
  const settings = layerSettings(config)
  const rows = [tf.reshape(embedded, [batch * tokens, width]) as tf.Tensor2D]
  for (let i = 0; i < config.num_hidden_layers; i++) rows.push(preNormLayer(settings, names.layer(i), weights, rows[i], shape))
  rows.push(norm(weights, names.norm, rows[rows.length - 1], eps))
  return rows.map((state) => tf.reshape(state, [batch, tokens, width]))
}

/** Shape of every weight, without pooler and heads. */
export function vitShapes(config: VitConfig): ReadonlyMap<string, readonly number[]> {
  const { hidden_size: width, patch_size: patch, grid } = config
  const { patches, layer, norm } = vitNames(config)
  const shapes = new Map<string, readonly number[]>([[patches.filter, [width, 3, patch[0], patch[1]]]])
  if (patches.filterBias) shapes.set(patches.filterBias, [width])
  for (const name of patches.placed) shapes.set(name, [1, 1, width])
  for (const { name, count } of patches.unplaced) shapes.set(name, [1, count, width])
  shapes.set(patches.positions, [1, patches.placed.length + grid[0] * grid[1], width])
  for (let i = 0; i < config.num_hidden_layers; i++) preNormShapes(layerSettings(config), layer(i), shapes)
  return shapes.set(`${norm}.weight`, [width]).set(`${norm}.bias`, [width])
}

function patchSettings(config: VitConfig): PatchSettings {
  const { hidden_size: width, patch_size: patch, grid } = config
  return { width, patch, grid, antialias: config.antialias, names: vitNames(config).patches }
}

function layerSettings(config: VitConfig): PreNormSettings {
  return {
    width: config.hidden_size,
    heads: config.num_attention_heads,
    inner: config.intermediate_size,
    eps: config.layer_norm_eps,
    activation: activation(config.hidden_act),
    gated: config.gated,
    projectionBias: config.qkv_bias,
  }
}
