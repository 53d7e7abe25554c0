import { createEagerEngine } from '@ms/runtime'
import { describeEncoder } from '@ms/testing'
import { describe, expect, it } from 'vitest'
import { charNgrams } from '../src/char-ngrams.js'
import plugin from '../src/index.js'
import { initialTable } from '../src/initial-table.js'
import { ngramRows } from '../src/ngrams.js'

/** Small, so that every weight's gradient can be compared with differences. */
const small = {
  version: 1,
  lengths: [
    { length: 1, rows: 8 },
    { length: 2, rows: 24 },
  ],
  dim: 6,
  maxCharacters: 32,
} as const

describeEncoder('char-ngrams', {
  encoder: async () => charNgrams(small, new Map([['table', { shape: [32, 6], data: initialTable(small, 1) }]])),
  engine: () => createEagerEngine({ backend: 'cpu' }),
  items: ['apple tree', '苹果树', 'an apple a day', '每日一苹果', 'Ärger über Öl'],
  emptyItems: ['', ' … '],
  saveAndLoad: async ({ parameters }) => plugin.load(JSON.parse(JSON.stringify(small)), parameters, 'memory'),
})

describe('ngramRows', () => {
  const lengths = [{ length: 2, rows: 1 << 20 }]
  it('takes case and width of letters for the same, and repetitions once', () => {
    expect(ngramRows('ＡＢＣ １２', lengths)).toEqual(ngramRows('abc 12', lengths))
    expect(ngramRows('red red red', lengths)).toEqual(ngramRows('red', lengths))
  })
  it('spreads n-grams evenly', () => {
    const counts = new Int32Array(64)
    for (let a = 0x4e00; a < 0x4e00 + 6400; a++) counts[ngramRows(String.fromCodePoint(a), [{ length: 1, rows: 64 }])[0]]++
    expect(Math.min(...counts)).toBeGreaterThan(60)
    expect(Math.max(...counts)).toBeLessThan(150)
  })
})

describe('the plug-in', () => {
  it('makes the same encoder from the same seed', async () => {
    const [one, same, other] = [await plugin.create({ seed: 1 }), await plugin.create({ seed: 1 }), await plugin.create({ seed: 2 })]
    expect(same.parameters.get('table')?.data.subarray(0, 512)).toEqual(one.parameters.get('table')?.data.subarray(0, 512))
    expect(other.parameters.get('table')?.data.subarray(0, 512)).not.toEqual(one.parameters.get('table')?.data.subarray(0, 512))
  })
  it('names the field of a config that is wrong', () => {
    const wrong = (change: object) => () => plugin.load({ ...small, ...change }, new Map(), 'model/encoder_plugin.json')
    for (const change of [{ version: 2 }, { dim: 0 }, { lengths: [] }, { maxCharacters: '1' }])
      expect(wrong(change)).toThrow(expect.objectContaining({ code: 'config.invalid', where: 'model/encoder_plugin.json' }))
  })
})
