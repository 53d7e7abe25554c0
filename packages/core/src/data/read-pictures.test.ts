import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../memory-files.js'
import { labelNotices } from './label-notices.js'
import { readData } from './read-data.js'
import { pictureOf } from './retrieval.js'
import { retrievalFromExamples } from './retrieval-from-examples.js'

const beir = (image: string) =>
  memoryFiles(
    {
      'corpus.jsonl': JSON.stringify({ _id: 'd1', image, text: 'red heart' }),
      'queries.jsonl': '{"_id":"q1","image":"drawn/q.svg"}',
      'qrels/test.tsv': 'q1\td1\t1',
      'pictures/heart.png': 'x',
    },
    'set',
  )

describe('pictures as data', () => {
  it('are named by a BEIR folder, below it', async () => {
    const data = await readData(beir('pictures/heart.png'))
    if (data.kind !== 'retrieval') throw new Error('not a retrieval set')
    expect(data.corpus).toEqual([{ id: 'd1', text: 'red heart', image: 'pictures/heart.png' }])
    expect(pictureOf(data, data.queries.get('q1')?.image ?? '')).toBe('set/drawn/q.svg')
  })

  it.each(['../heart.png', '/etc/passwd', 'a/../../b.png', 'C:\\x.png', 'https://host/x.png', 'file:///x.png', 'a\0.png', '..\\x.png'])(
    'are refused where their path leads out: %j',
    async (image) => {
      await expect(readData(beir(image))).rejects.toMatchObject({ code: 'data.path', where: 'set/corpus.jsonl:1' })
      await expect(readData(memoryFiles({ 'a.jsonl': JSON.stringify({ image, label: 'x' }) }, 'set'))).rejects.toMatchObject({
        code: 'data.path',
      })
      const metadata = memoryFiles({ 'metadata.jsonl': JSON.stringify({ file_name: image, label: 'x' }) }, 'set')
      await expect(readData(metadata)).rejects.toMatchObject({ code: 'data.path', where: 'set/metadata.jsonl:1' })
    },
  )

  it('lie in a folder for each class; what is no picture is passed over', async () => {
    const files = ['cat/1.png', 'cat/deep/2.JPG', 'dog/3.webp', 'cat/notes.txt', '.cache/4.png', 'beside.png', 'dog/.hidden.png']
    const data = await readData(memoryFiles(Object.fromEntries(files.map((name) => [name, 'x'])), 'zoo'))
    expect(data).toEqual({
      name: 'zoo',
      kind: 'labelled',
      location: 'zoo',
      columns: [['zoo/cat/1.png', 'zoo/cat/deep/2.JPG', 'zoo/dog/3.webp']],
      modalities: ['image'],
      labels: ['cat', 'cat', 'dog'],
    })
  })

  it.each([
    ['train/cat/1.png val/cat/2.png', 'data.split-folders', 'zoo/train'],
    ['all/cat/1.png all/dog/2.png', 'data.one-class', 'zoo/all'],
    ['cat/1.png cat/2.png', 'data.one-class', 'a folder for each class'],
  ])('in a folder that is too high are no classes: %s', async (names, code, advice) => {
    const files = memoryFiles(Object.fromEntries(names.split(' ').map((name) => [name, 'x'])), 'zoo')
    await expect(readData(files)).rejects.toMatchObject({ code, where: 'zoo', advice: expect.stringContaining(advice) })
  })

  it('lie in folders of any name', async () => {
    const names = ['a:b/1.png', 'back\\slash/2.bmp', 'train/3.png']
    const data = await readData(memoryFiles(Object.fromEntries(names.map((name) => [name, 'x'])), 'zoo'))
    expect(data).toMatchObject({ columns: [names.map((name) => `zoo/${name}`)], labels: ['a:b', 'back\\slash', 'train'] })
  })

  const tables: [string, string, string, object][] = [
    [
      'metadata with labels',
      'metadata.jsonl',
      '{"file_name":"a.png","label":3}',
      { kind: 'labelled', columns: [['set/a.png']], labels: ['3'] },
    ],
    [
      'metadata with texts',
      'metadata.jsonl',
      '{"file_name":"a.png","text":"a heart"}',
      { kind: 'pair', columns: [['a heart'], ['set/a.png']], modalities: ['text', 'image'] },
    ],
    ['labelled pictures', 'l.csv', 'image,label\nx/a.png,heart\n', { kind: 'labelled', columns: [['set/x/a.png']], modalities: ['image'] }],
    [
      'pairs of pictures',
      'p.jsonl',
      '{"anchor_image":"a.png","positive_image":"b.png"}',
      { kind: 'pair', columns: [['set/a.png'], ['set/b.png']], modalities: ['image', 'image'] },
    ],
    [
      'triplets of a text and pictures',
      't.jsonl',
      '{"query":"heart","positive_image":"a.png","negative_image_1":"b.png","negative_image_2":"c.png"}',
      {
        kind: 'triplet',
        columns: [['heart'], ['set/a.png'], ['set/b.png'], ['set/c.png']],
        modalities: ['text', 'image', 'image', 'image'],
      },
    ],
    [
      'texts and their pictures',
      'c.tsv',
      'text\timage\nheart\ta.png\n',
      { kind: 'pair', columns: [['heart'], ['set/a.png']], modalities: ['text', 'image'] },
    ],
  ]
  it.each(tables)('are read from %s', async (_, name, content, expected) => {
    expect(await readData(memoryFiles({ [name]: content }, 'set'))).toMatchObject(expected)
  })

  it.each([
    ['a picture without a label', '{"file_name":"a.png","label":"x"}\n{"file_name":"b.png"}', 'data.field'],
    ['no name', '{"label":"x"}', 'data.field'],
    ['nothing', '', 'data.empty'],
  ])('are refused for %s', async (_, content, code) => {
    await expect(readData(memoryFiles({ 'metadata.jsonl': content }, 'set'))).rejects.toMatchObject({ code })
  })

  it('find the others of their class where they are labelled', async () => {
    const columns = [Array.from({ length: 60 }, (_, i) => `set/${i}.png`)]
    const labels = columns[0].map((_, i) => (i === 59 ? 'alone' : `class ${i % 3}`))
    const data = await retrievalFromExamples({ kind: 'labelled', columns, labels, modalities: ['image'] }, { name: 'set' })
    expect(data.corpus[0]).toEqual({ id: 'i1', image: 'set/0.png' })
    const judged = [...data.qrels.values()].flatMap((qrels) => [...qrels])
    expect(judged).toHaveLength(59)
    for (const [query, grades] of judged) {
      expect(grades.has(query)).toBe(false)
      expect(grades.size).toBeGreaterThan(17)
    }
  })

  it('fall into the same splits wherever their folder lies', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `class ${i % 3}/${i}.png`)
    const splitsIn = async (location: string) => {
      const files = memoryFiles(Object.fromEntries(names.map((name) => [name, ''])), location)
      const data = await readData(files)
      if (data.kind === 'retrieval') throw new Error('not labelled')
      const { qrels } = await retrievalFromExamples(data, { name: 'set' })
      return [...qrels].map(([split, judged]) => [split, [...judged.keys()]])
    }
    expect((await splitsIn('here')).map(([split]) => split).sort()).toEqual(['dev', 'test', 'train'])
    expect(await splitsIn('/some/where/else/')).toEqual(await splitsIn('here'))
  })

  it('have notices where labels are suspicious', () => {
    expect(labelNotices({ labels: ['Cat', 'cat', 'cat ', 'dog', 'dog', 'cat'] }).map(({ code }) => code)).toEqual([
      'data.single-item-class',
      'data.labels-case',
    ])
    expect(labelNotices({ labels: ['a', 'a', 'b', 'b'] })).toEqual([])
    expect(labelNotices({})).toEqual([])
  })
})
