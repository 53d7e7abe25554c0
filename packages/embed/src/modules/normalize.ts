import { l2Normalize } from '@ms/runtime'
import { z } from 'zod'
import { checked } from '../read-json.js'
import type { EncoderModule, FeatureName, ModuleFactory, Widths } from './encoder-module.js'
import { featureName, onRows } from './feature-rows.js'
import { normalizeInPlace, smallestLength } from './normalize-rows.js'

const schema = z.object({ module_input_name: z.string().nullish(), module_output_name: z.string().nullish() }).catchall(z.unknown())

/** Scales every vector to unit length; a zero vector stays zero. */
export function normalize(before: Widths, input: FeatureName = 'sentence_embedding', output: FeatureName = input): EncoderModule {
  const width = before[input]
  const plain = input === 'sentence_embedding' && output === input
  return {
    type: 'Normalize',
    // sentence-transformers reads a missing config as the plain case, and older versions know none.
    config: plain ? undefined : { module_input_name: input, module_output_name: output },
    shapes: new Map(),
    widths: { ...before, [output]: width },
    // As in sentence-transformers: where there is nothing to normalise yet, nothing happens.
    forward: (features, _weight) =>
      width === undefined || !features[input]
        ? features
        : onRows(features, input, output, width, (rows) => l2Normalize(rows, smallestLength)),
    direct: plain ? normalizeInPlace : undefined,
  }
}

export const normalizeFromConfig: ModuleFactory = (json, before, where) => {
  const config = checked(json, schema, where)
  const input = featureName(config.module_input_name, 'module_input_name', where)
  return normalize(before, input, config.module_output_name ? featureName(config.module_output_name, 'module_output_name', where) : input)
}
