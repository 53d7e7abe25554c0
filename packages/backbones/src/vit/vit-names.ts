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
  /^(pooler|classifier|cls_classifier|distillation_classifier|decoder|heads?|head_dist|fc_norm|pre_logits)\.|^(embeddings\.)?mask_token$/

/** What newer versions of transformers call the same in memory. */
const aliases: readonly [RegExp, string][] = [
  [/^layers\.(\d+)\./, 'encoder.layer.$1.'],
  [/\.attention\.(q|k|v)_proj\./, '.attention.attention.$1.'],
  [/\.attention\.attention\.q\./, '.attention.attention.query.'],
  [/\.attention\.attention\.k\./, '.attention.attention.key.'],
  [/\.attention\.attention\.v\./, '.attention.attention.value.'],
  [/\.attention\.o_proj\./, '.attention.output.dense.'],
]

/** torchvision's names of what timm calls otherwise; those before 0.12 call the layers of an MLP `linear_1` and `linear_2`. */
const torchvisionAliases: readonly [RegExp, string][] = [
  [/^class_token$/, 'cls_token'],
  [/^conv_proj\./, 'patch_embed.proj.'],
  [/^encoder\.pos_embedding$/, 'pos_embed'],
  [/^encoder\.ln\./, 'norm.'],
  [/^encoder\.layers\.encoder_layer_(\d+)\./, 'blocks.$1.'],
  [/\.ln_([12])\./, '.norm$1.'],
  [/\.self_attention\.in_proj_(weight|bias)$/, '.attn.qkv.$1'],
  [/\.self_attention\.out_proj\./, '.attn.proj.'],
  [/\.mlp\.(0|linear_1)\./, '.mlp.fc1.'],
  [/\.mlp\.(3|linear_2)\./, '.mlp.fc2.'],
]

const renamed = (name: string, aliases: readonly [RegExp, string][]) =>
  aliases.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), name)

/** Checkpoint key → parameter name; undefined for heads and poolers. */
export function vitParameterName(key: string, { names, dino }: VitConfig): string | undefined {
  const bare = key.replace(/^(vit|deit|dinov2|dinov2_with_registers)\./, '')
  if (besides.test(bare)) return undefined
  if (names === 'timm') return renamed(bare, torchvisionAliases)
  const known = renamed(bare, aliases)
  return dino ? known : known.replace(/\.mlp\.fc1\./, '.intermediate.dense.').replace(/\.mlp\.fc2\./, '.output.dense.')
}
