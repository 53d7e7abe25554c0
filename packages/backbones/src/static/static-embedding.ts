import { MsError } from '@ms/core'
import type { BackbonePlugin, Hidden, Tensors, Weights } from '@ms/core/tensor'
import { embeddingBag } from '@ms/runtime'
import type * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'

const schema = z.object({ vocab_size: z.number().int().positive(), hidden_size: z.number().int().positive() })

/** Size of the table: `[vocab_size, hidden_size]`. */
export type StaticConfig = Readonly<z.infer<typeof schema>>

const weightName = 'embedding.weight'

/**
 * A table of token embeddings; a text is the mean of its tokens' rows (zeros where it has none). What
 * sentence-transformers calls StaticEmbedding, and what model2vec makes.
 *
 * Inputs: `ids [tokens] int32`, `offsets [texts + 1] int32` (see `RaggedIds`). Output: `[texts, width]`.
 * Such models have no config.json: `loadStaticTable` takes the sizes from the checkpoint.
 */
export const staticEmbedding: BackbonePlugin<StaticConfig> & Required<Pick<BackbonePlugin<StaticConfig>, 'rename'>> = {
  modelTypes: ['static'],
  parseConfig: (json, where) => {
    const result = schema.safeParse(json)
    if (result.success) return result.data
    const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`)
    throw new MsError('config.invalid', issues.join('; '), { where, advice: 'A table needs vocab_size and hidden_size.' })
  },
  create: (config) => ({
    family: 'static',
    width: config.hidden_size,
    shapes: new Map([[weightName, [config.vocab_size, config.hidden_size]]]),
    lookups: { [weightName]: 'ids' },
    forward: staticForward,
  }),
  rename: (key) => (key === 'embeddings' ? weightName : key),
}

function staticForward(inputs: Tensors, weights: Weights): Hidden {
  const { ids, offsets } = inputs
  if (ids?.rank !== 1 || offsets?.rank !== 1) {
    throw new MsError('inputs.shape', 'a table reads ids [tokens] and offsets [texts + 1]', { kind: 'failure' })
  }
  const pooled = embeddingBag(weights.get(weightName) as tf.Tensor2D, ids as tf.Tensor1D, offsets as tf.Tensor1D)
  return { kind: 'pooled', pooled }
}
