import { l2Normalize } from '@ms/runtime'
import { z } from 'zod'
import { checked } from '../read-json.js'
import type { EncoderModule, FeatureName, ModuleFactory, Widths } from './encoder-module.js'
import { featureName, onRows } from './feature-rows.js'

const schema = z.object({ module_input_name: z.string().nullish(), module_output_name: z.string().nullish() }).catchall(z.unknown())

/** Below this length a vector counts as zero, as in torch's `F.normalize`. */
const smallest = 1e-12

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
      width === undefined || !features[input] ? features : onRows(features, input, output, width, (rows) => l2Normalize(rows, smallest)),
    direct: plain ? normalizeInPlace : undefined,
  }
}

export const normalizeFromConfig: ModuleFactory = (json, before, where) => {
  const config = checked(json, schema, where)
  const input = featureName(config.module_input_name, 'module_input_name', where)
  return normalize(before, input, config.module_output_name ? featureName(config.module_output_name, 'module_output_name', where) : input)
}

function normalizeInPlace(rows: Float32Array, width: number): void {
  for (let start = 0; start < rows.length; start += width) {
    let sum = 0
    for (let j = start; j < start + width; j++) sum += rows[j] * rows[j]
    const scale = 1 / Math.max(Math.sqrt(sum), smallest)
    for (let j = start; j < start + width; j++) rows[j] *= scale
  }
}
