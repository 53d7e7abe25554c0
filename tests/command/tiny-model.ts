import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeSafetensors } from '../../packages/backbones/src/index.js'
import { seededRandom } from '../../packages/core/src/index.js'

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]']
export const things = 'apple bread chair dance eagle flute grape house igloo joker'.split(' ')
export const colours = 'red blue green white'.split(' ')
const chinese = '红色苹果面包'.split('')

/** Every token of the tiny model. */
export const vocabulary = [...special, ...things, ...colours, 'the', 'of', 'a', ...chinese]
export const width = 8

const tokenizer = (tokens: readonly string[]) => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
  },
})

/** One row a token, from a fixed seed. */
export function table(rows = vocabulary.length, columns = width): Float32Array {
  const random = seededRandom(7)
  return Float32Array.from({ length: rows * columns }, () => random.uniform() * 2 - 1)
}

/** The bytes of a checkpoint with the one table that a static encoder has. */
export const checkpoint = (data = table(), shape: readonly number[] = [vocabulary.length, width]): Uint8Array =>
  writeSafetensors(new Map([['embedding.weight', { dtype: 'F32', shape, data }]]))

/** A static encoder of a few words as a sentence-transformers directory, in the layout of its releases from 5 on. */
export async function writeTinyModel(path: string, changes: Readonly<Record<string, string | Uint8Array | undefined>> = {}): Promise<void> {
  const files: Record<string, string | Uint8Array | undefined> = {
    'modules.json': JSON.stringify([
      { idx: 0, name: '0', path: '0_StaticEmbedding', type: 'sentence_transformers.models.StaticEmbedding' },
      { idx: 1, name: '1', path: '1_Normalize', type: 'sentence_transformers.models.Normalize' },
    ]),
    'config_sentence_transformers.json': JSON.stringify({ prompts: {}, default_prompt_name: null, similarity_fn_name: 'cosine' }),
    '0_StaticEmbedding/tokenizer.json': JSON.stringify(tokenizer(vocabulary)),
    '0_StaticEmbedding/model.safetensors': checkpoint(),
    ...changes,
  }
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), content)
  }
}

/** The tokenizer.json of another list of tokens. */
export const tokenizerOf = (tokens: readonly string[]): string => JSON.stringify(tokenizer(tokens))

/** Forty documents, each a colour and a thing, and a query for each: the same words in other company. */
export async function writeTinyData(path: string, changes: Readonly<Record<string, string | Uint8Array | undefined>> = {}): Promise<void> {
  const all = colours.flatMap((colour) => things.map((thing) => ({ id: `${colour}-${thing}`, colour, thing })))
  const lines = (items: readonly object[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('')
  const judged = (split: string) =>
    `query-id\tcorpus-id\tscore\n${all
      .filter((_, i) => (i % 4 === 0 ? 'test' : i % 4 === 1 ? 'dev' : 'train') === split)
      .map(({ id }) => `q-${id}\t${id}\t1\n`)
      .join('')}`
  const files: Record<string, string | Uint8Array | undefined> = {
    'corpus.jsonl': lines(all.map(({ id, colour, thing }) => ({ _id: id, title: `The ${thing}`, text: `a ${colour} ${thing}` }))),
    'queries.jsonl': lines(all.map(({ id, colour, thing }) => ({ _id: `q-${id}`, text: `${thing} of ${colour}` }))),
    'qrels/train.tsv': judged('train'),
    'qrels/dev.tsv': judged('dev'),
    'qrels/test.tsv': judged('test'),
    ...changes,
  }
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), content)
  }
}
