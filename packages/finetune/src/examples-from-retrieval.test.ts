import type { RetrievalData } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { examplesFromRetrieval } from './examples-from-retrieval.js'

const data: RetrievalData = {
  kind: 'retrieval',
  name: 'shop',
  location: '/shop',
  corpus: [
    { id: 'both', image: 'both.png', title: 'Red shoe', text: 'of leather' },
    { id: 'picture', image: 'picture.png', text: '  ' },
    { id: 'words', text: 'a hat' },
  ],
  queries: new Map([
    ['shoe', { id: 'shoe', text: 'shoe' }],
    ['drawn', { id: 'drawn', image: 'drawn.png' }],
  ]),
  qrels: new Map([
    [
      'train',
      new Map([
        [
          'shoe',
          new Map([
            ['both', 1],
            ['picture', 2],
            ['words', 1],
          ]),
        ],
        ['drawn', new Map([['both', 1]])],
      ]),
    ],
  ]),
}

describe('examplesFromRetrieval', () => {
  it('takes texts, or pictures, and leaves out what has none', () => {
    expect(examplesFromRetrieval(data)).toEqual({
      kind: 'pair',
      columns: [
        ['shoe', 'shoe'],
        ['Red shoe of leather', 'a hat'],
      ],
    })
    expect(examplesFromRetrieval(data, 'train', ['image', 'image'])).toEqual({
      kind: 'pair',
      columns: [['/shop/drawn.png'], ['/shop/both.png']],
      modalities: ['image', 'image'],
    })
  })
  it('takes the words that stand with a picture as a third column, where they are asked for', () => {
    const columns = [
      ['shoe', 'shoe'],
      ['/shop/both.png', '/shop/picture.png'],
    ]
    expect(examplesFromRetrieval(data, 'train', ['text', 'image'])).toEqual({ kind: 'pair', columns, modalities: ['text', 'image'] })
    expect(examplesFromRetrieval(data, 'train', ['text', 'image'], { words: true })).toEqual({
      kind: 'pair',
      columns: [...columns, ['Red shoe of leather', '']],
      modalities: ['text', 'image', 'text'],
    })
    // Of texts there is nothing to add, nor where no picture has words.
    expect(examplesFromRetrieval(data, 'train', ['text', 'text'], { words: true }).columns).toHaveLength(2)
    const bare = { ...data, corpus: data.corpus.map(({ id, image }) => ({ id, ...(image ? { image } : {}) })) }
    expect(examplesFromRetrieval(bare, 'train', ['text', 'image'], { words: true })).toMatchObject({
      columns,
      modalities: ['text', 'image'],
    })
  })
  it('refuses a split that is not there, or has nothing of these kinds', () => {
    expect(() => examplesFromRetrieval(data, 'dev')).toThrow(expect.objectContaining({ code: 'data.split' }))
    expect(() => examplesFromRetrieval({ ...data, corpus: [] })).toThrow(expect.objectContaining({ code: 'train.no-examples' }))
  })
})
