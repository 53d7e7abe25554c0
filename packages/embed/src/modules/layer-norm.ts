import { MsError } from '@ms/core'
import { layerNorm as layerNormOp } from '@ms/runtime'
import { z } from 'zod'
import { checked } from '../read-json.js'
import type { EncoderModule, ModuleFactory, Widths } from './encoder-module.js'
import { onRows } from './feature-rows.js'

const schema = z.object({ dimension: z.int().positive() }).catchall(z.unknown())

/** Layer normalisation of the sentence embedding with torch's epsilon 1e-5. Weights: `norm.weight`, `norm.bias`. */
export function layerNorm(dimension: number, before: Widths = { sentence_embedding: dimension }): EncoderModule {
  return {
    type: 'LayerNorm',
    config: { dimension },
    shapes: new Map([
      ['norm.weight', [dimension]],
      ['norm.bias', [dimension]],
    ]),
    widths: before,
    forward: (features, weight) =>
      onRows(features, 'sentence_embedding', 'sentence_embedding', dimension, (rows) =>
        layerNormOp(rows, weight('norm.weight'), weight('norm.bias'), 1e-5),
      ),
  }
}

export const layerNormFromConfig: ModuleFactory = (json, before, where) => {
  const { dimension } = checked(json, schema, where)
  if (before.sentence_embedding !== dimension) {
    throw new MsError('encoder.width', `the field dimension is ${dimension}, but the embedding has ${before.sentence_embedding ?? 0}`, {
      where,
    })
  }
  return layerNorm(dimension, before)
}
