import { z } from 'zod'
import { checked } from '../read-json.js'
import type { ModuleFactory } from './encoder-module.js'

/** Dropout of the embedding: passed through when vectors are made, and kept for the next who trains the model. */
export const dropoutFromConfig: ModuleFactory = (json, before, where) => {
  const config = checked(json, z.object({ dropout: z.number().min(0).max(1).optional() }).catchall(z.unknown()), where)
  return {
    type: 'Dropout',
    config: { dropout: config.dropout ?? 0.2 },
    shapes: new Map(),
    widths: before,
    forward: (features) => features,
    direct: () => undefined,
  }
}
