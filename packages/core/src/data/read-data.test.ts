import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../memory-files.js'
import { holdOutDev } from './hold-out-dev.js'
import { readData } from './read-data.js'
import type { RetrievalData } from './retrieval.js'
import { retrievalFromExamples } from './retrieval-from-examples.js'
import { splitByHash } from './split-by-hash.js'

const beir = (changes: Record<string, string | Uint8Array> = {}) =>
  memoryFiles(
    {
      'corpus.jsonl': '{"_id":"d1","title":"T","text":"one"}\n{"_id":2,"text":"two"}\n',
      'queries.jsonl': '\ufeff{"_id":"q1","text":"first"}\r\n\n{"_id":"q2","text":"second"}',
      'qrels/test.tsv': 'query-id\tcorpus-id\tscore\r\nq1\td1\t2\r\nq1\t2\t0\nq2\t2\t1',
      ...changes,
    },
    'set',
  )

describe('readData', () => {
  it('reads a BEIR folder: byte order mark, blank lines, CRLF, ids that are numbers, grades', async () => {
    const data = await readData(beir())
    if (data.kind !== 'retrieval') throw new Error('not a retrieval set')
    expect(data.corpus).toEqual([
      { id: 'd1', title: 'T', text: 'one' },
      { id: '2', text: 'two' },
    ])
    expect([...data.queries.values()].map((query) => query.text)).toEqual(['first', 'second'])
    expect([...data.qrels.keys()]).toEqual(['test'])
    expect([...(data.qrels.get('test')?.get('q1') ?? [])]).toEqual([
      ['d1', 2],
      ['2', 0],
    ])
  })

  const bad: [string, Record<string, string | Uint8Array>, string, string][] = [
    ['a line that is not JSON', { 'corpus.jsonl': '{"_id":"a","text":"x"}\n{"_id":' }, 'data.malformed', 'set/corpus.jsonl:2'],
    ['a line that is a list', { 'corpus.jsonl': '[1]' }, 'data.malformed', 'set/corpus.jsonl:1'],
    ['a corpus of blank lines', { 'corpus.jsonl': '\n\n' }, 'data.empty', 'set/corpus.jsonl'],
    ['a document without id', { 'corpus.jsonl': '{"text":"x"}' }, 'data.field', 'set/corpus.jsonl:1'],
    ['a text that is a number', { 'corpus.jsonl': '{"_id":"a","text":3}' }, 'data.field', 'set/corpus.jsonl:1'],
    ['a document without any content', { 'corpus.jsonl': '{"_id":"a"}' }, 'data.field', 'set/corpus.jsonl:1'],
    ['an id twice', { 'corpus.jsonl': '{"_id":"d1","text":"x"}\n{"_id":"d1","text":"y"}' }, 'data.duplicate-id', 'set/corpus.jsonl:2'],
    [
      'a query id twice',
      { 'queries.jsonl': '{"_id":"q1","text":"x"}\n{"_id":"q1","text":"y"}' },
      'data.duplicate-id',
      'set/queries.jsonl:2',
    ],
    ['bytes that are not UTF-8', { 'queries.jsonl': Uint8Array.of(123, 0xff, 125) }, 'data.encoding', 'set/queries.jsonl:1'],
    ['a judgement of an unknown document', { 'qrels/test.tsv': 'h\th\th\nq1\tnope\t1' }, 'data.unknown-id', 'set/qrels/test.tsv:2'],
    ['a judgement of an unknown query', { 'qrels/test.tsv': 'nope\td1\t1' }, 'data.unknown-id', 'set/qrels/test.tsv:1'],
    ['judgements with spaces for tabs', { 'qrels/test.tsv': 'q1 d1 1' }, 'data.malformed', 'set/qrels/test.tsv:1'],
    ['a grade that is a word', { 'qrels/test.tsv': 'a\tb\tscore\nq1\td1\tgood' }, 'data.malformed', 'set/qrels/test.tsv:2'],
    ['a header only', { 'qrels/test.tsv': 'a\tb\tscore\n' }, 'data.empty', 'set/qrels/test.tsv'],
  ]
  it.each(bad)('refuses %s', async (_, changes, code, where) => {
    await expect(readData(beir(changes))).rejects.toMatchObject({ code, where })
  })

  const tables: [string, string, string, object][] = [
    [
      'pairs',
      'p.jsonl',
      '{"anchor":"a","positive":"b"}\n{"anchor":"c","positive":"d"}',
      {
        kind: 'pair',
        columns: [
          ['a', 'c'],
          ['b', 'd'],
        ],
      },
    ],
    ['pairs under other names', 'p.csv', 'query,document\na,"b, ""c"""\n', { kind: 'pair', columns: [['a'], ['b, "c"']] }],
    ['triplets', 't.tsv', 'anchor\tpositive\tnegative\na\t"b\tc\n', { kind: 'triplet', columns: [['a'], ['"b'], ['c']] }],
    [
      'triplets with lists',
      't.jsonl',
      '{"query":"a","pos":"b","neg":["c","d"]}',
      { kind: 'triplet', columns: [['a'], ['b'], ['c'], ['d']] },
    ],
    [
      'pairs whose lines end in several ways',
      'p.csv',
      'query,document\r\n"a",b\nc,"d\ne"\r\n\n',
      {
        kind: 'pair',
        columns: [
          ['a', 'c'],
          ['b', 'd\ne'],
        ],
      },
    ],
    ['scored pairs', 's.csv', 'sentence1,sentence2,score\na,b,0.5\n', { kind: 'scored-pair', columns: [['a'], ['b']], scores: [0.5] }],
    ['labelled texts', 'l.csv', 'text,label\na,x\nb,y\n', { kind: 'labelled', columns: [['a', 'b']], labels: ['x', 'y'] }],
  ]
  it.each(tables)('reads %s', async (_, name, content, expected) => {
    expect(await readData(memoryFiles({ [name]: content }), name)).toMatchObject(expected)
  })

  const badTables: [string, string, string, string][] = [
    ['nothing', 'p.jsonl', '', 'data.empty'],
    ['unknown columns', 'p.csv', 'a,b\n1,2\n', 'data.columns'],
    ['an empty positive', 'p.jsonl', '{"anchor":"a","positive":" "}', 'data.field'],
    ['a second row without its positive', 'p.jsonl', '{"anchor":"a","positive":"b"}\n{"anchor":"a"}', 'data.field'],
    [
      'an uneven number of negatives',
      'p.jsonl',
      '{"anchor":"a","positive":"b","neg":["c"]}\n{"anchor":"a","positive":"b","neg":[]}',
      'data.columns',
    ],
    ['a row with too many columns', 'p.csv', 'query,document\na,b,c\n', 'data.malformed'],
    ['a score that is a word', 's.csv', 'sentence1,sentence2,score\na,b,1\na,b,high\n', 'data.field'],
    ['another kind of file', 'p.parquet', 'PAR1', 'data.format'],
  ]
  it.each(badTables)('refuses %s', async (_, name, content, code) => {
    await expect(readData(memoryFiles({ [name]: content }), name)).rejects.toMatchObject({ code })
  })

  it('refuses a folder that is no data set', async () => {
    await expect(readData(memoryFiles({ 'a.txt': '' }))).rejects.toMatchObject({ code: 'data.format' })
    await expect(readData(memoryFiles({ 'a.csv': 'x', 'b.csv': 'x' }))).rejects.toMatchObject({ code: 'data.format' })
  })
})

describe('retrievalFromExamples', () => {
  it('puts all rows of an anchor into one split and shares equal documents', async () => {
    const anchors = Array.from({ length: 300 }, (_, i) => `anchor ${i >> 1}`)
    const positives = anchors.map((_, i) => `document ${i % 10}`)
    const data = await retrievalFromExamples({ kind: 'pair', columns: [anchors, positives] }, { name: 'pairs' })
    expect(data.corpus).toHaveLength(10)
    expect(data.queries.size).toBe(150)
    const sizes = ['train', 'dev', 'test'].map((split) => data.qrels.get(split as 'train')?.size ?? 0)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(150)
    expect(Math.min(...sizes)).toBeGreaterThan(5)
  })
  it('splits as documented', async () => {
    const { createHash } = await import('node:crypto')
    for (const key of ['a', 'b', 'key', '词语']) {
      const percent = createHash('sha1').update(`salt\0${key}`).digest().readUInt32BE(0) % 100
      expect(await splitByHash('salt', key)).toBe(percent < 20 ? 'test' : percent < 30 ? 'dev' : 'train')
    }
  })
})

describe('holdOutDev', () => {
  const judged = (size: number) => new Map(Array.from({ length: size }, (_, i) => [`q${i}`, new Map([['d', 1]])]))
  const data = (qrels: RetrievalData['qrels']): RetrievalData => ({ kind: 'retrieval', name: 'x', corpus: [], queries: new Map(), qrels })
  it('takes about a tenth of the training queries, always the same ones', async () => {
    const held = await holdOutDev(data(new Map([['train', judged(1000)]])))
    const dev = held.qrels.get('dev')
    expect(dev?.size).toBeGreaterThan(60)
    expect(dev?.size).toBeLessThan(140)
    expect((held.qrels.get('train')?.size ?? 0) + (dev?.size ?? 0)).toBe(1000)
    expect([...(dev?.keys() ?? [])].some((query) => held.qrels.get('train')?.has(query))).toBe(false)
    expect(await holdOutDev(data(new Map([['train', judged(1000)]])))).toEqual(held)
  })
  it('leaves small data and data with a dev split as they are', async () => {
    const small = data(new Map([['train', judged(99)]]))
    const whole = data(
      new Map([
        ['train', judged(1000)],
        ['dev', judged(5)],
      ]),
    )
    expect(await holdOutDev(small)).toBe(small)
    expect(await holdOutDev(whole)).toBe(whole)
  })
})
