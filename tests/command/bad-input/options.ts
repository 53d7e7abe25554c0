import { type Case, encode, evaluate, half, type Spoiler, texts, train } from './case.js'

export const numbers: readonly Case[] = [
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

export const training: readonly Case[] = [
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

export const outputs: readonly Case[] = [
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

export const occupied: readonly Case[] = [
  { name: 'a folder of other things for a run', words: train.replace('--out out', '--out data'), code: 'run.folder', where: 'data' },
  {
    name: 'a folder of other things for a collection',
    words: 'index create --model model --collection data --input data/corpus.jsonl',
    code: 'index.occupied',
    where: 'data',
  },
]
