import { join } from 'node:path'
import { type CheckpointTensor, readSafetensors, writeSafetensors } from '../../../packages/backbones/src/index.js'
import { tinyEncoder } from '../../../packages/embed/src/fixtures/tiny-encoders.js'
import { checkpoint, table, tokenizerOf, vocabulary, width } from '../tiny-model.js'
import { type Case, encode, half, type Spoiler, texts, train, weights } from './case.js'

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
    where: 'in model/model.safetensors. ',
    says: /encoder\.layer\.0\.output\.dense\.bias/,
  },
  {
    name: 'an extra weight',
    spoil: (files) => writeTransformer(files, (tensors) => tensors.set('extra.bias', f32(new Float32Array(3), [3]))),
    code: 'weights.extra',
    where: 'in model/model.safetensors. ',
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
export const models: readonly Case[] = spoiltModels.map((each) => ({
  ...each,
  with: ['model'],
  spoil: async (files: Spoiler) => {
    await texts(files)
    await each.spoil(files)
  },
  words: encode,
}))

export const names: readonly Case[] = [
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
    name: 'a checkpoint without its network',
    with: [],
    spoil: async (files) => files.write('resnet18-f37.pth', 'x'),
    words: 'encode --model resnet18-f37.pth --input . --output out.npy',
    code: 'encoder.unknown',
    where: 'resnet18-f37.pth',
    says: /as in resnet18:resnet18-f37\.pth/,
  },
  {
    name: 'a checkpoint of a network that is not known',
    with: [],
    spoil: async (files) => files.write('w.pth', 'x'),
    words: 'encode --model resnet18d:w.pth --input . --output out.npy',
    code: 'architecture.unknown',
    where: 'w.pth',
    says: /resnet50/,
  },
  {
    name: 'a checkpoint that is none',
    with: [],
    spoil: async (files) => files.write('w.pth', 'this is no checkpoint at all, of no kind'),
    words: 'encode --model resnet18:w.pth --input . --output out.npy',
    code: 'checkpoint.header',
    where: 'w.pth',
    says: /torch\.save/,
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
