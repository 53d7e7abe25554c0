import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CheckpointTensor, readSafetensors, writeSafetensors } from '../../packages/backbones/src/index.js'
import { tinyEncoder } from '../../packages/embed/src/fixtures/tiny-encoders.js'
import { ms } from './ms.js'
import { checkpoint, table, tokenizerOf, vocabulary, width, writeTinyData, writeTinyModel } from './tiny-model.js'

/** A folder of its own for each case: `data`, `model`, `run` and `collection` are copies of good ones, spoilt by `spoil`. */
interface Case {
  readonly name: string
  /** Which good things are copied in before the spoiling. */
  readonly with?: readonly ('data' | 'model' | 'run' | 'collection')[]
  readonly spoil?: (files: Spoiler) => unknown
  readonly words: string
  readonly code: string
  /** File and line, or field, as the message names it. */
  readonly where: string
  /** What the message or its advice says too. */
  readonly says?: RegExp
  /** Default: 2, bad input. */
  readonly exit?: 1 | 2
  /** New entries that may stay behind: a run that failed keeps its events. */
  readonly leaves?: readonly string[]
}

interface Spoiler {
  write(name: string, content: string | Uint8Array): Promise<void>
  edit(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void>
  remove(name: string): Promise<void>
}

const weights = 'model/0_StaticEmbedding/model.safetensors'
const evaluate = 'eval --model model --data data'
const train = 'train --model model --data data --out out'
const encode = 'encode --model model --input texts.txt --output out.npy'
const texts = (files: Spoiler) => files.write('texts.txt', 'red apple\nblue chair\n')
const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1)
const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 4 : byte))
const f32 = (data: Float32Array, shape: readonly number[]) => ({ dtype: 'F32', shape, data }) as const

/** A safetensors file with a header of our own, which may lie. */
function withHeader(header: object | string, dataBytes: number, headerLength?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true)
  bytes.set(text, 8)
  return bytes
}
const lying = (shape: readonly number[], end: number) => ({ 'embedding.weight': { dtype: 'F32', shape, data_offsets: [0, end] } })
const tableBytes = vocabulary.length * width * 4

/** A tiny BERT encoder, with its weights changed. */
async function writeTransformer(files: Spoiler, change: (tensors: Map<string, CheckpointTensor>) => unknown): Promise<void> {
  await files.remove('model')
  const { files: good } = tinyEncoder('pooling mean')
  for (const name of await good.list()) {
    const bytes = await good.read(name)
    if (name !== 'model.safetensors') {
      await files.write(join('model', name), bytes)
      continue
    }
    const tensors = new Map(readSafetensors(bytes, name).tensors)
    change(tensors)
    await files.write(join('model', name), writeSafetensors(tensors))
  }
}

const data: Case[] = [
  { name: 'a folder that is not there', words: 'eval --model bm25 --data nowhere', code: 'file.missing', where: 'nowhere' },
  {
    name: 'an empty file of pairs',
    spoil: ({ write }) => write('pairs.jsonl', ''),
    words: 'train --model model --data pairs.jsonl --out out',
    with: ['model'],
    code: 'data.empty',
    where: 'pairs.jsonl',
  },
  {
    name: 'a header without rows',
    spoil: ({ write }) => write('pairs.csv', 'anchor,positive\n'),
    words: 'train --model model --data pairs.csv --out out',
    with: ['model'],
    code: 'data.empty',
    where: 'pairs.csv',
  },
  {
    name: 'an empty corpus',
    spoil: ({ write }) => write('data/corpus.jsonl', '\n'),
    words: evaluate,
    code: 'data.empty',
    where: 'data/corpus.jsonl',
  },
  {
    name: 'no queries',
    spoil: ({ remove }) => remove('data/queries.jsonl'),
    words: evaluate,
    code: 'file.missing',
    where: 'queries.jsonl',
  },
  { name: 'no judgements', spoil: ({ remove }) => remove('data/qrels'), words: evaluate, code: 'data.empty', where: 'data' },
  {
    name: 'a line cut off',
    spoil: ({ write }) => write('data/corpus.jsonl', '{"_id":"a","text":"x"}\n{"_id":"b","te\n'),
    words: train,
    code: 'data.malformed',
    where: 'data/corpus.jsonl:2',
  },
  {
    name: 'a line that is a list',
    spoil: ({ write }) => write('data/queries.jsonl', '["q"]\n'),
    words: evaluate,
    code: 'data.malformed',
    where: 'data/queries.jsonl:1',
  },
  {
    name: 'a text that is a number',
    spoil: ({ write }) => write('docs.jsonl', '{"_id":"a","text":7}\n'),
    words: 'index create --model model --collection out --input docs.jsonl',
    code: 'data.field',
    where: 'docs.jsonl:1',
  },
  {
    name: 'bytes that are not UTF-8',
    spoil: ({ write }) => write('texts.txt', Uint8Array.of(97, 10, 0xff, 0xfe)),
    words: encode,
    code: 'data.encoding',
    where: 'texts.txt:2',
  },
  {
    name: 'a judgement of an unknown document',
    spoil: ({ write }) => write('data/qrels/test.tsv', 'query-id\tcorpus-id\tscore\nq-red-apple\tnope\t1\n'),
    words: evaluate,
    code: 'data.unknown-id',
    where: 'data/qrels/test.tsv:2',
    says: /"nope"/,
  },
  {
    name: 'a judgement of an unknown query',
    spoil: ({ write }) => write('data/qrels/train.tsv', 'query-id\tcorpus-id\tscore\nnope\tred-apple\t1\n'),
    words: train,
    code: 'data.unknown-id',
    where: 'data/qrels/train.tsv:2',
  },
  {
    name: 'a document id twice',
    spoil: ({ write }) => write('docs.jsonl', '{"_id":"a","text":"x"}\n{"_id":"a","text":"y"}\n'),
    words: 'index create --model model --collection out --input docs.jsonl',
    code: 'data.duplicate-id',
    where: 'docs.jsonl:2',
  },
  {
    name: 'a query id twice',
    spoil: ({ write }) => write('data/queries.jsonl', '{"_id":"q","text":"x"}\n{"_id":"q","text":"y"}\n'),
    words: evaluate,
    code: 'data.duplicate-id',
    where: 'data/queries.jsonl:2',
  },
  {
    name: 'a grade that is a word',
    spoil: ({ write }) => write('data/qrels/test.tsv', 'a\tb\tc\nq-red-apple\tred-apple\tgood\n'),
    words: evaluate,
    code: 'data.malformed',
    where: 'data/qrels/test.tsv:2',
  },
  {
    name: 'a grade that is not a number',
    spoil: ({ write }) => write('data/qrels/test.tsv', 'a\tb\tc\nq-red-apple\tred-apple\tNaN\n'),
    words: evaluate,
    code: 'data.malformed',
    where: 'data/qrels/test.tsv:2',
  },
  {
    name: 'a judgement without a grade',
    spoil: ({ write }) => write('data/qrels/test.tsv', 'a\tb\tc\nq-red-apple\tred-apple\n'),
    words: evaluate,
    code: 'data.malformed',
    where: 'data/qrels/test.tsv:2',
    says: /2 columns/,
  },
  {
    name: 'an empty file of judgements',
    spoil: ({ write }) => write('data/qrels/test.tsv', ''),
    words: evaluate,
    code: 'data.empty',
    where: 'data/qrels/test.tsv',
  },
  {
    name: 'a document without an id',
    spoil: ({ write }) => write('data/corpus.jsonl', '{"_id":"a","text":"x"}\n{"text":"y"}\n'),
    words: evaluate,
    code: 'data.field',
    where: 'data/corpus.jsonl:2',
  },
  {
    name: 'a document with an empty id',
    spoil: ({ write }) => write('docs.jsonl', '{"_id":"","text":"x"}\n'),
    words: 'index create --model model --collection out --input docs.jsonl',
    code: 'data.field',
    where: 'docs.jsonl:1',
  },
  {
    name: 'judgements that find nothing right, to train on',
    spoil: ({ write }) => write('data/qrels/train.tsv', 'query-id\tcorpus-id\tscore\nq-red-apple\tred-apple\t0\n'),
    words: train,
    code: 'train.no-examples',
    where: 'data',
  },
  { name: 'no train split', spoil: ({ remove }) => remove('data/qrels/train.tsv'), words: train, code: 'data.split', where: 'data' },
  {
    name: 'a split that is not there',
    spoil: ({ remove }) => remove('data/qrels/dev.tsv'),
    words: `${evaluate} --split dev`,
    code: 'data.split',
    where: 'data',
    says: /train, test/,
  },
  {
    name: 'an example without its positive',
    spoil: ({ write }) => write('pairs.jsonl', '{"anchor":"a","positive":"b"}\n{"anchor":"c"}\n'),
    words: 'train --model model --data pairs.jsonl --out out',
    code: 'data.field',
    where: 'pairs.jsonl:2',
  },
  {
    name: 'columns of other names',
    spoil: ({ write }) => write('pairs.csv', 'left,right\na,b\n'),
    words: 'train --model model --data pairs.csv --out out',
    code: 'data.columns',
    where: 'pairs.csv',
  },
  {
    name: 'another kind of file',
    spoil: ({ write }) => write('pairs.parquet', 'PAR1'),
    words: 'train --model model --data pairs.parquet --out out',
    code: 'data.format',
    where: 'pairs.parquet',
  },
  { name: 'a folder that is no data', spoil: texts, words: 'eval --model bm25 --data .', with: [], code: 'data.format', where: '.' },
  {
    name: 'a file to encode that is not there',
    words: 'encode --model model --input none.txt --output out.npy',
    code: 'file.missing',
    where: 'none.txt',
  },
  {
    name: 'nothing to encode',
    spoil: ({ write }) => write('texts.txt', ''),
    words: encode,
    code: 'data.empty',
    where: 'texts.txt',
  },
]

const spoiltModels: (Omit<Case, 'words'> & { readonly spoil: (files: Spoiler) => unknown })[] = [
  { name: 'a checkpoint cut off', spoil: ({ edit }) => edit(weights, half), code: 'checkpoint.truncated', where: weights },
  { name: 'a checkpoint of no bytes', spoil: ({ write }) => write(weights, ''), code: 'checkpoint.truncated', where: weights },
  {
    name: 'a header longer than the file',
    spoil: ({ write }) => write(weights, withHeader(lying([vocabulary.length, width], tableBytes), tableBytes, 1e9)),
    code: 'checkpoint.header',
    where: weights,
  },
  {
    name: 'a header that is no JSON',
    spoil: ({ write }) => write(weights, withHeader('{"embedding.weight":', tableBytes)),
    code: 'checkpoint.header',
    where: weights,
  },
  {
    name: 'a shape that its bytes do not hold',
    spoil: ({ write }) => write(weights, withHeader(lying([vocabulary.length * 2, width], tableBytes), tableBytes)),
    code: 'checkpoint.size',
    where: weights,
    says: /embedding\.weight/,
  },
  {
    name: 'a shape beyond every number',
    spoil: ({ write }) => write(weights, withHeader(lying([2 ** 32, 2 ** 32], tableBytes), tableBytes)),
    code: 'checkpoint.size',
    where: weights,
  },
  {
    name: 'a length of the header that no file has',
    spoil: ({ write }) => write(weights, 'not a checkpoint'),
    code: 'checkpoint.header',
    where: weights,
  },
  {
    name: 'a type of numbers that is not known',
    spoil: ({ write }) => write(weights, withHeader({ 'embedding.weight': { dtype: 'F4', shape: [2], data_offsets: [0, 1] } }, 1)),
    code: 'checkpoint.dtype',
    where: weights,
  },
  {
    name: 'tensors that share bytes',
    spoil: ({ write }) =>
      write(weights, withHeader({ ...lying([2, 2], 16), other: { dtype: 'F32', shape: [2], data_offsets: [8, 16] } }, 16)),
    code: 'checkpoint.overlap',
    where: weights,
  },
  {
    name: 'an offset behind the end',
    spoil: ({ write }) => write(weights, withHeader(lying([vocabulary.length * 4, width], tableBytes * 4), tableBytes)),
    code: 'checkpoint.truncated',
    where: weights,
    says: /embedding\.weight/,
  },
  {
    name: 'no table in the checkpoint',
    spoil: ({ write }) => write(weights, writeSafetensors(new Map([['something.else', f32(table(), [vocabulary.length, width])]]))),
    code: 'weights.missing',
    where: 'model/0_StaticEmbedding',
    says: /embedding\.weight/,
  },
  {
    name: 'a missing weight',
    spoil: (files) => writeTransformer(files, (tensors) => tensors.delete('encoder.layer.0.output.dense.bias')),
    code: 'weights.missing',
    where: 'in model. ',
    says: /encoder\.layer\.0\.output\.dense\.bias/,
  },
  {
    name: 'an extra weight',
    spoil: (files) => writeTransformer(files, (tensors) => tensors.set('extra.bias', f32(new Float32Array(3), [3]))),
    code: 'weights.extra',
    where: 'in model. ',
    says: /extra\.bias/,
  },
  {
    name: 'a weight of a transformer in another shape',
    spoil: (files) => writeTransformer(files, (tensors) => tensors.set('encoder.layer.0.output.dense.bias', f32(new Float32Array(3), [3]))),
    code: 'weights.shape',
    where: 'model/model.safetensors',
    says: /encoder\.layer\.0\.output\.dense\.bias/,
  },
  {
    name: 'infinity in the weights of a transformer',
    spoil: (files) =>
      writeTransformer(files, (tensors) => {
        const bias = tensors.get('encoder.layer.0.output.dense.bias')
        if (bias?.dtype === 'F32')
          tensors.set(
            'encoder.layer.0.output.dense.bias',
            f32(
              bias.data.map(() => Infinity),
              bias.shape,
            ),
          )
      }),
    code: 'weights.nan',
    where: 'model/model.safetensors',
    says: /encoder\.layer\.0\.output\.dense\.bias/,
  },
  {
    name: 'a weight of another shape',
    spoil: ({ write }) => write(weights, checkpoint(table(), [vocabulary.length * width])),
    code: 'weights.shape',
    where: weights,
  },
  {
    name: 'a tokenizer of another vocabulary',
    spoil: ({ write }) => write('model/0_StaticEmbedding/tokenizer.json', tokenizerOf([...vocabulary, 'more', 'words'])),
    code: 'tokenizer.vocabulary',
    where: 'model',
  },
  {
    name: 'a tokenizer that is no JSON',
    spoil: ({ write }) => write('model/0_StaticEmbedding/tokenizer.json', '{"version":'),
    code: 'config.malformed',
    where: 'tokenizer.json',
  },
  {
    name: 'no tokenizer',
    spoil: ({ remove }) => remove('model/0_StaticEmbedding/tokenizer.json'),
    code: 'tokenizer.none',
    where: 'model/0_StaticEmbedding',
  },
  {
    name: 'not a number in the weights',
    spoil: ({ write }) => write(weights, checkpoint(table().map((value, i) => (i === 85 ? Number.NaN : value)))),
    code: 'weights.nan',
    where: weights,
    says: /row 10/,
  },
  {
    name: 'modules.json that is no JSON',
    spoil: ({ write }) => write('model/modules.json', '[{'),
    code: 'config.malformed',
    where: 'model/modules.json',
  },
  {
    name: 'a module that is not known',
    spoil: ({ edit }) =>
      edit('model/modules.json', (bytes) => Buffer.from(Buffer.from(bytes).toString().replace('models.Normalize', 'models.Lstm'))),
    code: 'encoder.module-unknown',
    where: 'model/modules.json',
    says: /Lstm/,
  },
  { name: 'an empty model folder', spoil: ({ remove }) => remove('model/modules.json'), code: 'encoder.unrecognised', where: 'model' },
]
const models: Case[] = spoiltModels.map((each) => ({
  ...each,
  with: ['model'],
  spoil: async (files: Spoiler) => {
    await texts(files)
    await each.spoil(files)
  },
  words: encode,
}))

const names: Case[] = [
  {
    name: 'a model name misspelt',
    with: [],
    spoil: texts,
    words: 'encode --model all-MiniLM-L6-v3 --input texts.txt --output out.npy',
    code: 'encoder.unknown',
    where: 'model',
    says: /Did you mean .*all-MiniLM-L6-v2/i,
  },
  {
    name: 'a run without a model',
    with: ['run'],
    spoil: async (files) => {
      await texts(files)
      await files.remove('run/model')
    },
    words: 'encode --model run --input texts.txt --output out.npy',
    code: 'encoder.run-unfinished',
    where: 'run',
  },
  {
    name: 'an unknown command',
    with: [],
    words: 'serach x',
    code: 'cli.usage',
    where: 'the command line',
    says: /Did you mean ms search\?/,
  },
  {
    name: 'an unknown option',
    with: [],
    words: 'train --modle model --data data --out out',
    code: 'cli.usage',
    where: 'the command line',
    says: /Did you mean --model\?/,
  },
  {
    name: 'an option without its value',
    with: [],
    words: 'eval --data',
    code: 'cli.usage',
    where: 'the command line',
    says: /--data needs/,
  },
  { name: 'an option twice', with: [], words: 'eval --data a --data b', code: 'cli.usage', where: 'the command line', says: /twice/ },
  { name: 'an option that is needed', words: 'train --data data', code: 'cli.usage', where: 'the command line', says: /--out is missing/ },
  { name: 'a word too many', words: 'eval stray --data data', code: 'cli.usage', where: 'the command line', says: /"stray"/ },
  { name: 'an index action that is none', with: [], words: 'index rebuild --collection c', code: 'cli.usage', where: 'the command line' },
  { name: 'a backend that is none', words: `${train} --backend cuda`, code: 'cli.usage', where: 'the command line', says: /wasm/ },
  { name: 'a loss for other examples', words: `${train} --loss cosent`, code: 'cli.usage', where: 'the command line', says: /scored-pair/ },
]

const numbers: Case[] = [
  ['k of 0', 'search --collection collection red --k 0', '--k'],
  ['k of 1e9', 'search --collection collection red --k 1e9', '--k'],
  ['a batch of 0', `${train} --batch-size 0`, '--batch-size'],
  ['epochs below 0', `${train} --epochs -1`, '--epochs'],
  ['half a step', `${train} --max-steps 0.5`, '--max-steps'],
  ['a learning rate of 0', `${train} --lr 0`, '--lr'],
  ['a learning rate in words', `${train} --lr fast`, '--lr'],
  ['a learning rate that is not finite', `${train} --lr Infinity`, '--lr'],
  ['threads of 0', `${evaluate} --threads 0`, '--threads'],
  ['a seed too large', `${train} --seed 4294967296`, '--seed'],
].map(([name, words, option]) => ({
  name,
  with: words.startsWith('search') ? ['collection'] : ['data', 'model'],
  words,
  code: 'cli.usage',
  where: option,
}))

const training: Case[] = [
  {
    name: 'a loss that is not a number',
    words: `${train} --lr 1e30 --epochs 4`,
    code: 'train.diverged',
    where: 'step',
    says: /learning rate/,
    exit: 1,
    leaves: ['out'],
  },
  { name: 'nothing to go on with', words: `${train} --resume`, code: 'run.nothing-to-resume', where: 'out' },
  {
    name: 'a checkpoint of other settings',
    with: ['data', 'model', 'run'],
    words: 'train --model model --data data --out run --epochs 1 --seed 9 --resume',
    code: 'train.checkpoint',
    where: 'run',
  },
  {
    name: 'a checkpoint cut off',
    with: ['data', 'model', 'run'],
    spoil: ({ edit }) => edit('run/checkpoints/latest/weights.safetensors', half),
    words: 'train --model model --data data --out run --epochs 1 --resume',
    code: 'checkpoint.truncated',
    where: 'run/checkpoints/latest/weights.safetensors',
  },
  {
    name: 'a checkpoint whose state is cut off',
    with: ['data', 'model', 'run'],
    spoil: ({ edit }) => edit('run/checkpoints/latest/state.json', half),
    words: 'train --model model --data data --out run --epochs 1 --resume',
    code: 'checkpoint.state',
    where: 'run/checkpoints/latest/state.json',
  },
  {
    name: 'weights that are none to freeze',
    words: `${train} --freeze *`,
    code: 'train.nothing-trainable',
    where: 'freeze',
    leaves: ['out'],
  },
]

const outputs: Case[] = [
  ['train', train.replace('--out out', '--out file/run'), 'file/run'],
  ['encode', encode.replace('out.npy', 'file/out.npy'), 'file/out.npy'],
  ['index create', 'index create --model model --collection file/c --input data/corpus.jsonl', 'file/c'],
  ['mine', 'mine --model model --data data --output file/mined.jsonl', 'file/mined.jsonl'],
  ['eval', 'eval --model bm25 --data data --per-query file/q.tsv', 'file/q.tsv'],
].map(([name, words, where]) => ({
  name: `${name} below a file`,
  spoil: async (files: Spoiler) => {
    await texts(files)
    await files.write('file', 'a file, not a folder')
  },
  words,
  code: name === 'index create' ? 'index.occupied' : 'file.unwritable',
  where,
}))

const occupied: Case[] = [
  { name: 'a folder of other things for a run', words: train.replace('--out out', '--out data'), code: 'run.folder', where: 'data' },
  {
    name: 'a folder of other things for a collection',
    words: 'index create --model model --collection data --input data/corpus.jsonl',
    code: 'index.occupied',
    where: 'data',
  },
]

const search = 'search --collection collection red'
const spoiltCollections: (Omit<Case, 'words'> & { readonly words?: string })[] = [
  { name: 'no collection', with: [], words: 'search --collection none red', code: 'index.missing', where: 'none' },
  { name: 'vectors cut off', spoil: ({ edit }) => edit('collection/vectors/vectors.f32', half), code: 'index.truncated', where: 'vectors' },
  { name: 'a bit flipped', spoil: ({ edit }) => edit('collection/vectors/vectors.f32', flipped), code: 'index.checksum', where: 'vectors' },
  {
    name: 'documents changed',
    spoil: ({ edit }) => edit('collection/documents.jsonl', flipped),
    code: 'index.checksum',
    where: 'collection/documents.jsonl',
  },
  { name: 'documents gone', spoil: ({ remove }) => remove('collection/documents.jsonl'), code: 'index.missing', where: 'documents.jsonl' },
  {
    name: 'a manifest cut off',
    spoil: ({ edit }) => edit('collection/manifest.json', half),
    code: 'index.malformed',
    where: 'collection/manifest.json',
  },
  {
    name: 'a manifest that says another model',
    spoil: ({ edit }) =>
      edit('collection/manifest.json', (bytes) =>
        Buffer.from(
          Buffer.from(bytes)
            .toString()
            .replace(/"generation": \d+/, '"generation": 9'),
        ),
      ),
    code: 'index.checksum',
    where: 'collection/manifest.json',
  },
  {
    name: 'another model than the one it was made with',
    with: ['collection', 'model'],
    spoil: ({ write }) => write(weights, checkpoint(table().map((value) => -value))),
    words: `${search} --model model`,
    code: 'search.space',
    where: 'collection',
  },
  {
    name: 'a document that is not there',
    words: 'search --collection collection --like nope',
    code: 'search.document-missing',
    where: 'collection',
  },
  { name: 'neither a query nor --like', words: 'search --collection collection', code: 'cli.usage', where: 'the command line' },
  {
    name: 'an empty query',
    words: 'search --collection collection ',
    code: 'cli.usage',
    where: 'the command line',
    says: /query is empty/,
  },
  {
    name: 'a document to add that is malformed',
    spoil: ({ write }) => write('more.jsonl', '{"_id":"n","text":"new"}\nnot json\n'),
    words: 'index add --collection collection --input more.jsonl',
    code: 'data.malformed',
    where: 'more.jsonl:2',
  },
]
const collections: Case[] = spoiltCollections.map((each) => ({ with: ['collection'], words: search, ...each }))

/** Two processes at a time: that is how many processors may be counted on. */
let free = 2
const waiting: (() => void)[] = []
async function oneOfTwo<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
}

const listing = async (path: string) =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()

describe('bad input ends with a code, a place and advice, and leaves nothing behind', () => {
  let base: string
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'ms-bad-input-'))
    await writeTinyModel(join(base, 'good/model'))
    await writeTinyData(join(base, 'good/data'))
    const good = join(base, 'good')
    const made = await Promise.all([
      ms('train --model model --data data --out run --epochs 1 --quiet'.split(' '), { cwd: good }),
      ms('index create --model model --collection collection --input data/corpus.jsonl'.split(' '), { cwd: good }),
    ])
    for (const { code, stderr } of made) expect(code, stderr).toBe(0)
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const all = [...data, ...models, ...names, ...numbers, ...training, ...outputs, ...occupied, ...collections]
  it.concurrent.for(all.map((each, i) => ({ ...each, i })))('$name: $code', ({ i, ...each }) =>
    oneOfTwo(async () => {
      const cwd = join(base, String(i))
      await mkdir(cwd)
      for (const name of each.with ?? ['data', 'model']) await cp(join(base, 'good', name), join(cwd, name), { recursive: true })
      await each.spoil?.({
        write: async (name, content) => {
          await mkdir(dirname(join(cwd, name)), { recursive: true })
          await writeFile(join(cwd, name), content)
        },
        edit: async (name, change) => writeFile(join(cwd, name), change(await readFile(join(cwd, name)))),
        remove: (name) => rm(join(cwd, name), { recursive: true }),
      })
      const before = await listing(cwd)
      const { code, stdout, stderr } = await ms(each.words.split(' '), { cwd })
      const message = stderr.split('\n').filter((line) => line.startsWith('error['))
      expect(message, stderr).toHaveLength(1)
      expect(message[0]).toMatch(/^error\[[a-z-]+(\.[a-z-]+)+\]: /)
      expect(message[0]).toContain(`error[${each.code}]: `)
      expect(message[0]).toContain(each.where)
      if (each.says) expect(message[0]).toMatch(each.says)
      expect(message[0], 'advice').toMatch(/\. \S.*/)
      expect(stderr).not.toMatch(/\n\s+at /)
      expect(code).toBe(each.exit ?? 2)
      expect(stdout).toBe('')
      const left = (await listing(cwd)).filter((name) => !before.includes(name))
      expect(left.filter((name) => !each.leaves?.includes(name.split('/')[0]))).toEqual([])
      expect(left.filter((name) => /\.tmp$|^out\/model/.test(name))).toEqual([])
    }),
  )
})
