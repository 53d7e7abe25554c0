import { dropout } from '@ms/runtime'
import { z } from 'zod'
import { checked } from '../read-json.js'
import type { ModuleFactory } from './encoder-module.js'

/** Dropout of the embedding: passed through when vectors are made, applied where training asks for it. */
export const dropoutFromConfig: ModuleFactory = (json, before, where) => {
  const config = checked(json, z.object({ dropout: z.number().min(0).max(1).optional() }).catchall(z.unknown()), where)
  const rate = config.dropout ?? 0.2
  return {
    type: 'Dropout',
    config: { dropout: rate },
    shapes: new Map(),
    widths: before,
    dropout: rate,
    forward: (features, _, mask) => {
      const { sentence_embedding: embedding } = features
      return embedding ? { ...features, sentence_embedding: dropout(embedding, mask) } : features
    },
    direct: () => undefined,
  }
}
