import { seededRandom } from '@ms/core'
import { type CharNgramsConfig, tableRows } from './char-ngrams.js'

/**
 * Rows of random signs: any two are almost at right angles, so that an untrained encoder compares texts by the n-grams they share
 * (a random projection: Achlioptas 2003). A longer n-gram is rarer and says more, so its row is longer.
 * @returns `[rows, dim]`
 */
export function initialTable(config: CharNgramsConfig, seed: number): Float32Array {
  const { lengths, dim } = config
  const random = seededRandom(seed, '/table')
  const table = new Float32Array(tableRows(config) * dim)
  let next = 0
  for (const { length, rows } of lengths) {
    const scale = weightOf(length) / Math.sqrt(dim)
    for (const end = next + rows * dim; next < end; ) {
      // 32 signs of one number.
      let bits = random.integer(2 ** 32)
      for (let bit = 0; bit < 32 && next < end; bit++, bits >>>= 1) table[next++] = bits & 1 ? scale : -scale
    }
  }
  return table
}

const weightOf = (length: number) => Math.sqrt(length) / 2
