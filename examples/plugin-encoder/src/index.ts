import { MsError } from '@ms/core'
import type { EncoderPlugin } from '@ms/core/tensor'
import { type CharNgramsConfig, charNgrams, type PreparedNgrams, tableName, tableRows } from './char-ngrams.js'
import { initialTable } from './initial-table.js'

export { type CharNgramsConfig, charNgrams } from './char-ngrams.js'

/** A table of 33 MB: 32 thousand rows of 256 numbers. */
const usual: CharNgramsConfig = {
  version: 1,
  lengths: [
    { length: 1, rows: 4096 },
    { length: 2, rows: 12_288 },
    { length: 3, rows: 8192 },
    { length: 4, rows: 8192 },
  ],
  dim: 256,
  maxCharacters: 128,
}

/** Hashed character n-grams, in the manner of fastText (Bojanowski et al. 2017): no pre-trained model, any language. */
const plugin: EncoderPlugin<string, PreparedNgrams> = {
  name: 'char-ngrams',
  modality: 'text',
  create: ({ seed }) =>
    charNgrams(usual, new Map([[tableName, { shape: [tableRows(usual), usual.dim], data: initialTable(usual, seed) }]])),
  load: (config, parameters, where) => charNgrams(checked(config, where), parameters),
}

export default plugin

const isCount = (value: unknown) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0

/** @throws `config.invalid` naming the field */
function checked(json: unknown, where: string): CharNgramsConfig {
  const invalid = (field: string, what: string) =>
    new MsError('config.invalid', `the field ${field} ${what}`, {
      where,
      advice: 'Take the version of ms-char-ngrams that made the model.',
    })
  const { version, lengths, dim, maxCharacters } = json as Partial<CharNgramsConfig>
  if (version !== 1) throw invalid('version', `is ${version}, and known is 1`)
  if (!isCount(dim)) throw invalid('dim', 'must be a whole number above 0')
  if (!isCount(maxCharacters)) throw invalid('maxCharacters', 'must be a whole number above 0')
  if (!Array.isArray(lengths) || lengths.length === 0 || !lengths.every((each) => isCount(each?.length) && isCount(each?.rows)))
    throw invalid('lengths', 'must be a list of { length, rows }')
  return { version, lengths, dim: dim as number, maxCharacters: maxCharacters as number }
}
