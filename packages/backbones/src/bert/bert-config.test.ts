import { describe, expect, it } from 'vitest'
import { bert } from './bert.js'

const good = {
  model_type: 'bert',
  vocab_size: 30522,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
  max_position_embeddings: 512,
}

describe("a BERT's config.json", () => {
  it('takes the defaults of the original where old files say nothing', () => {
    expect(bert.parseConfig({ ...good, torch_dtype: 'float32' }, 'config.json')).toMatchObject({
      hidden_act: 'gelu',
      layer_norm_eps: 1e-12,
      type_vocab_size: 2,
    })
    expect(bert.parseConfig({ ...good, position_embedding_type: 'absolute', is_decoder: false }, 'c').hidden_size).toBe(384)
  })

  const bad: [string, Record<string, unknown>][] = [
    ['hidden_size', { hidden_size: '384' }],
    ['vocab_size', { vocab_size: 0 }],
    ['num_hidden_layers', { num_hidden_layers: 1.5 }],
    ['num_attention_heads', { num_attention_heads: 7 }],
    ['max_position_embeddings', { max_position_embeddings: undefined }],
    ['hidden_act', { hidden_act: 'gelu_magic' }],
    ['layer_norm_eps', { layer_norm_eps: -1 }],
    ['position_embedding_type', { position_embedding_type: 'relative_key' }],
    ['is_decoder', { is_decoder: true }],
  ]
  it.each(bad)('names the field that is wrong: %s', (field, change) => {
    expect(() => bert.parseConfig({ ...good, ...change }, 'M/config.json')).toThrow(
      expect.objectContaining({ code: 'config.invalid', where: 'M/config.json', message: expect.stringContaining(field) }),
    )
  })

  it('is refused when it is no object', () => {
    expect(() => bert.parseConfig(null, 'c')).toThrow(expect.objectContaining({ code: 'config.invalid' }))
  })

  it('makes a backbone that says what it needs', () => {
    const backbone = bert.create(bert.parseConfig(good, 'c'))
    expect(backbone).toMatchObject({ family: 'bert', width: 384, lookups: { 'embeddings.word_embeddings.weight': 'input_ids' } })
    expect(backbone.shapes.size).toBe(5 + 6 * 16)
    expect(backbone.shapes.get('encoder.layer.5.intermediate.dense.weight')).toEqual([1536, 384])
  })
})
