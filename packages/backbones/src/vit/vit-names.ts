import type { PatchNames } from '../transformer/patch-tokens.js'
import type { PreNormNames } from '../transformer/pre-norm-layer.js'
import type { VitConfig } from './vit-config.js'

export interface VitNames {
  readonly patches: PatchNames
  readonly layer: (i: number) => PreNormNames
  /** After the last layer. */
  readonly norm: string
}

/** The parameter names of a checkpoint of transformers, or of timm. */
export function vitNames(config: VitConfig): VitNames {
  return config.names === 'timm' ? timmNames(config) : transformersNames(config)
}

function transformersNames({ dino, gated, distilled, registers, layer_scale: scaled }: VitConfig): VitNames {
  return {
    patches: {
      filter: 'embeddings.patch_embeddings.projection.weight',
      filterBias: 'embeddings.patch_embeddings.projection.bias',
      placed: ['embeddings.cls_token', ...(distilled ? ['embeddings.distillation_token'] : [])],
      unplaced: registers > 0 ? [{ name: 'embeddings.register_tokens', count: registers }] : [],
      positions: 'embeddings.position_embeddings',
    },
    layer: (i) => {
      const layer = `encoder.layer.${i}`
      const attention = `${layer}.attention.attention`
      return {
        norm1: `${layer}.${dino ? 'norm1' : 'layernorm_before'}`,
        projections: { query: `${attention}.query`, key: `${attention}.key`, value: `${attention}.value` },
        output: `${layer}.attention.output.dense`,
        norm2: `${layer}.${dino ? 'norm2' : 'layernorm_after'}`,
        inner: `${layer}.${gated ? 'mlp.weights_in' : dino ? 'mlp.fc1' : 'intermediate.dense'}`,
        outer: `${layer}.${gated ? 'mlp.weights_out' : dino ? 'mlp.fc2' : 'output.dense'}`,
        ...(scaled ? { scales: [`${layer}.layer_scale1.lambda1`, `${layer}.layer_scale2.lambda1`] } : {}),
      }
    },
    norm: 'layernorm',
  }
}

function timmNames({ distilled, registers, class_position: classPosition, layer_scale: scaled }: VitConfig): VitNames {
  const classToken = { name: 'cls_token', count: 1 }
  return {
    patches: {
      filter: 'patch_embed.proj.weight',
      filterBias: 'patch_embed.proj.bias',
      placed: classPosition ? ['cls_token', ...(distilled ? ['dist_token'] : [])] : [],
      unplaced: [...(classPosition ? [] : [classToken]), ...(registers > 0 ? [{ name: 'reg_token', count: registers }] : [])],
      positions: 'pos_embed',
    },
    layer: (i) => ({
      norm1: `blocks.${i}.norm1`,
      projections: { all: `blocks.${i}.attn.qkv` },
      output: `blocks.${i}.attn.proj`,
      norm2: `blocks.${i}.norm2`,
      inner: `blocks.${i}.mlp.fc1`,
      outer: `blocks.${i}.mlp.fc2`,
      ...(scaled ? { scales: [`blocks.${i}.ls1.gamma`, `blocks.${i}.ls2.gamma`] } : {}),
    }),
    norm: 'norm',
  }
}

/** Poolers, heads, and the token that stands for what was hidden in training. */
const besides =
  /^(pooler|classifier|cls_classifier|distillation_classifier|decoder|head|head_dist|fc_norm|pre_logits)\.|^(embeddings\.)?mask_token$/

/** What newer versions of transformers call the same in memory. */
const aliases: readonly [RegExp, string][] = [
  [/^layers\.(\d+)\./, 'encoder.layer.$1.'],
  [/\.attention\.(q|k|v)_proj\./, '.attention.attention.$1.'],
  [/\.attention\.attention\.q\./, '.attention.attention.query.'],
  [/\.attention\.attention\.k\./, '.attention.attention.key.'],
  [/\.attention\.attention\.v\./, '.attention.attention.value.'],
  [/\.attention\.o_proj\./, '.attention.output.dense.'],
]

/** Checkpoint key → parameter name; undefined for heads and poolers. */
export function vitParameterName(key: string, { names, dino }: VitConfig): string | undefined {
  const bare = key.replace(/^(vit|deit|dinov2|dinov2_with_registers)\./, '')
  if (besides.test(bare)) return undefined
  if (names === 'timm') return bare
  const known = aliases.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), bare)
  return dino ? known : known.replace(/\.mlp\.fc1\./, '.intermediate.dense.').replace(/\.mlp\.fc2\./, '.output.dense.')
}
