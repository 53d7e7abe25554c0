import type { PreNormNames } from '../transformer/pre-norm-layer.js'

export const textNames = {
  words: 'text_model.embeddings.token_embedding.weight',
  positions: 'text_model.embeddings.position_embedding.weight',
  norm: 'text_model.final_layer_norm',
  projection: 'text_projection',
}

export const visionNames = {
  classToken: 'vision_model.embeddings.class_embedding',
  filter: 'vision_model.embeddings.patch_embedding.weight',
  positions: 'vision_model.embeddings.position_embedding.weight',
  // Spelled so in every checkpoint.
  norm: 'vision_model.pre_layrnorm',
  lastNorm: 'vision_model.post_layernorm',
  projection: 'visual_projection',
}

/** The learned temperature, which belongs to the loss: similarities are multiplied by its exponential. `[]`. */
const logitScaleName = 'logit_scale'

export function layerNames(tower: 'text_model' | 'vision_model', i: number): PreNormNames {
  const layer = `${tower}.encoder.layers.${i}`
  return {
    norm1: `${layer}.layer_norm1`,
    projections: { query: `${layer}.self_attn.q_proj`, key: `${layer}.self_attn.k_proj`, value: `${layer}.self_attn.v_proj` },
    output: `${layer}.self_attn.out_proj`,
    norm2: `${layer}.layer_norm2`,
    inner: `${layer}.mlp.fc1`,
    outer: `${layer}.mlp.fc2`,
  }
}

/** Checkpoint key → parameter name of one tower; undefined for the other tower, buffers, and a projection that is not wanted. */
export function clipParameterName(key: string, tower: 'text' | 'vision', projected: boolean): string | undefined {
  const own = tower === 'text' ? 'text' : 'vision'
  const name = key.replace(/^clip\./, '')
  if (/(^|\.)position_ids$/.test(name) || name === logitScaleName) return undefined
  if (name === `${tower === 'text' ? textNames.projection : visionNames.projection}.weight`) return projected ? name : undefined
  if (/^(text_projection|visual_projection)\./.test(name)) return undefined
  if (/^(text|vision)_model\./.test(name)) return name.startsWith(`${own}_model.`) ? name : undefined
  // A tower that transformers saved on its own.
  if (/^(embeddings|encoder|pre_layrnorm|post_layernorm|final_layer_norm)\./.test(name)) return `${own}_model.${name}`
  return key
}
