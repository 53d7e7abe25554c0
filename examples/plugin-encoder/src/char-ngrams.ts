import { MsError, vectors } from '@ms/core'
import type { Parameters, PluginEncoder, Prepared } from '@ms/core/tensor'
import { embeddingBag, l2Normalize } from '@ms/runtime'
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { meanRows } from './mean-rows.js'
import { type NgramLength, ngramRows } from './ngrams.js'

/** What makes an encoder besides its weights. A type and not an interface, so that it is plain JSON to TypeScript too. */
export type CharNgramsConfig = {
  /** Of the rules that take texts apart: it changes when they do. */
  readonly version: 1
  readonly lengths: readonly NgramLength[]
  readonly dim: number
  /** Characters of a text that are read: beyond some, few that are shared drown in many that are not. */
  readonly maxCharacters: number
}

/** A text as it is kept between the slow half of a processor and the quick one. */
export interface PreparedNgrams extends Prepared {
  readonly rows: Int32Array
}

/** The one weight. */
export const tableName = 'table'

export const tableRows = ({ lengths }: CharNgramsConfig) => lengths.reduce((sum, { rows }) => sum + rows, 0)

/**
 * A text is the mean of its character n-grams' rows, of unit length.
 * @throws `weights.missing`, `weights.shape`
 */
export function charNgrams(config: CharNgramsConfig, parameters: Parameters): PluginEncoder<string, PreparedNgrams> {
  const { lengths, dim, maxCharacters } = config
  assertTable(config, parameters)
  return {
    config,
    dim,
    parameters,
    symmetric: true,
    // The trainer then hands over the rows that a batch touches, and nothing of the rest.
    lookups: { [tableName]: 'ids' },
    processor: {
      prepare: (texts) =>
        texts.map((text) => {
          const rows = ngramRows(text.slice(0, maxCharacters), lengths)
          return { rows, cost: rows.length }
        }),
      collate: (batch) => {
        const offsets = new Int32Array(batch.length + 1)
        for (const [i, { rows }] of batch.entries()) offsets[i + 1] = offsets[i] + rows.length
        const ids = new Int32Array(offsets[batch.length])
        for (const [i, { rows }] of batch.entries()) ids.set(rows, offsets[i])
        return { ids: { shape: [ids.length], data: ids }, offsets: { shape: [offsets.length], data: offsets } }
      },
    },
    forward: (inputs, weights) =>
      l2Normalize(embeddingBag(weights.get(tableName) as Tensor2D, inputs.ids as Tensor1D, inputs.offsets as Tensor1D)) as Tensor2D,
    // The same in plain JavaScript: adding up rows is quicker without an engine.
    direct: ({ ids, offsets }, own) =>
      vectors(meanRows(own.get(tableName)!.data, dim, ids.data, offsets.data), offsets.data.length - 1, dim),
    withParameters: (others) => charNgrams(config, others),
  }
}

function assertTable(config: CharNgramsConfig, parameters: Parameters): void {
  const table = parameters.get(tableName)
  if (!table) throw new MsError('weights.missing', `there is no weight ${tableName}`, { where: tableName })
  const wanted = [tableRows(config), config.dim]
  if (table.shape.join() !== wanted.join())
    throw new MsError('weights.shape', `${tableName} is [${table.shape.join(', ')}] and must be [${wanted.join(', ')}]`, {
      where: tableName,
    })
}
