import type { DropoutLayer, InputShapes } from '@ms/core/tensor'
import type { BertConfig } from './bert-config.js'
import { dropoutNames } from './bert-names.js'

/** Where a BERT drops units while it is trained: behind the embeddings, in the attention's probabilities, and behind each layer's two halves. */
export function bertDropouts(config: BertConfig, inputs: InputShapes): Map<string, DropoutLayer> {
  const [batch, tokens] = inputs['input_ids'].shape
  const hidden: DropoutLayer = { shape: [batch, tokens, config.hidden_size], rate: config.hidden_dropout_prob }
  const attention: DropoutLayer = { shape: [batch, tokens, tokens, config.num_attention_heads], rate: config.attention_probs_dropout_prob }
  const layers = new Map([[dropoutNames.embeddings, hidden]])
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const names = dropoutNames.layer(i)
    layers.set(names.attention, attention).set(names.attentionOutput, hidden).set(names.output, hidden)
  }
  return layers
}
