import type { Embedder, RetrievalData } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { embedCorpus } from './embed-corpus.js'
import { mineHardNegatives } from './mine-hard-negatives.js'
import { retrieve } from './retrieve.js'

/** A letter is a direction: texts are alike as far as they share letters. */
const letters: Embedder<string> = {
  dim: 26,
  space: 'letters',
  embed: async (items) => {
    const data = new Float32Array(items.length * 26)
    for (const [i, text] of items.entries()) {
      for (const letter of text) data[i * 26 + letter.charCodeAt(0) - 97] += 1
      const norm = Math.hypot(...data.subarray(i * 26, (i + 1) * 26)) || 1
      for (let j = 0; j < 26; j++) data[i * 26 + j] /= norm
    }
    return { data, count: items.length, dim: 26 }
  },
}
const data: RetrievalData = {
  kind: 'retrieval',
  name: 'letters',
  corpus: ['abc', 'abd', 'abe', 'xyz', 'abc'].map((text, i) => ({ id: `d${i}`, text })),
  queries: new Map([
    ['q', { id: 'q', text: 'ab' }],
    ['r', { id: 'r', text: 'abc' }],
  ]),
  qrels: new Map([
    [
      'train',
      new Map([
        ['q', new Map([['d0', 1]])],
        [
          'r',
          new Map([
            ['d0', 1],
            ['d3', 0],
          ]),
        ],
      ]),
    ],
  ]),
}

describe('retrieve', () => {
  it('ranks by dot product, equal scores in the order of the corpus', async () => {
    const corpus = await embedCorpus(letters, data)
    const run = await retrieve(letters, corpus, { queries: data.queries, qrels: data.qrels.get('train')! }, { k: 3 })
    expect(run.get('r')?.map(({ id }) => id)).toEqual(['d0', 'd4', 'd1'])
    expect(run.get('r')?.[0].score).toBeCloseTo(1)
    expect(run.get('q')).toHaveLength(3)
  })
})

describe('mineHardNegatives', () => {
  it('takes the nearest that are neither right, nor as good as right, nor the right text under another id', async () => {
    expect(await mineHardNegatives(letters, data, { count: 2 })).toEqual({
      kind: 'triplet',
      columns: [['abc'], ['abc'], ['abd'], ['abe']],
    })
  })
  it('says when nothing is found', async () => {
    await expect(mineHardNegatives(letters, data, { count: 4 })).rejects.toMatchObject({ code: 'mine.nothing-found' })
    await expect(mineHardNegatives(letters, data, { split: 'dev' })).rejects.toMatchObject({ code: 'data.split' })
  })
})
