import { checkpoint, table } from '../tiny-model.js'
import { type Case, flipped, half, weights } from './case.js'

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
export const collections: readonly Case[] = spoiltCollections.map((each) => ({ with: ['collection'], words: search, ...each }))
