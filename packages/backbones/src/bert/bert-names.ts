import type { BertConfig } from './bert-config.js'

/** Parameter names of encoder layer `i`, as checkpoints have them. Dense weights are `[out, in]`. */
export const layerNames = (i: number) => {
  const layer = `encoder.layer.${i}`
  return {
    query: `${layer}.attention.self.query`,
    key: `${layer}.attention.self.key`,
    value: `${layer}.attention.self.value`,
    attentionOutput: `${layer}.attention.output.dense`,
    attentionNorm: `${layer}.attention.output.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  }
}

export const embeddingNames = {
  words: 'embeddings.word_embeddings.weight',
  positions: 'embeddings.position_embeddings.weight',
  types: 'embeddings.token_type_embeddings.weight',
  norm: 'embeddings.LayerNorm',
}

/** Names of the layers that may drop units, as the original's modules are called. */
export const dropoutNames = {
  embeddings: 'embeddings.dropout',
  layer: (i: number) => {
    const layer = `encoder.layer.${i}`
    return {
      attention: `${layer}.attention.self.dropout`,
      attentionOutput: `${layer}.attention.output.dropout`,
      output: `${layer}.output.dropout`,
    }
  },
}

/** Shape of every weight of a BERT without pooler and heads. */
export function bertShapes(config: BertConfig): ReadonlyMap<string, readonly number[]> {
  const { hidden_size: width, intermediate_size: inner } = config
  const shapes = new Map<string, readonly number[]>([
    [embeddingNames.words, [config.vocab_size, width]],
    [embeddingNames.positions, [config.max_position_embeddings, width]],
    [embeddingNames.types, [config.type_vocab_size, width]],
  ])
  const norm = (name: string) => shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width])
  const dense = (name: string, from: number, to: number) => shapes.set(`${name}.weight`, [to, from]).set(`${name}.bias`, [to])
  norm(embeddingNames.norm)
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const names = layerNames(i)
    dense(names.query, width, width)
    dense(names.key, width, width)
    dense(names.value, width, width)
    dense(names.attentionOutput, width, width)
    norm(names.attentionNorm)
    dense(names.intermediate, width, inner)
    dense(names.output, inner, width)
    norm(names.outputNorm)
  }
  return shapes
}

/** Heads and buffers that BERT checkpoints carry besides the encoder. */
const besides = /^(cls|pooler|classifier|qa_outputs|seq_relationship|lm_head)\.|(^|\.)(position_ids|token_type_ids)$/

/** Checkpoint key → parameter name; undefined for heads and buffers. Checkpoints converted from TensorFlow say gamma and beta. */
export function bertParameterName(key: string): string | undefined {
  const name = key.startsWith('bert.') ? key.slice('bert.'.length) : key
  if (besides.test(name)) return undefined
  return name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
}
