import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers'
import { memoryFiles, seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { createTokenizer } from './create-tokenizer.js'
import { loadTokenizer } from './load-tokenizer.js'
import { parseTokenizerJson } from './tokenizer-json.js'
import { assertVocabulary } from './vocabulary.js'

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const words = [
  'hello',
  'world',
  'row',
  '##s',
  'free',
  '##ze',
  'a',
  'b',
  'e',
  '##e',
  '##a',
  '##b',
  'é',
  '中',
  '文',
  '.',
  ',',
  '[',
  ']',
  'cls',
  '##11',
  'un',
  '##aff',
  '##able',
]
const vocabulary = [...special, ...words]
const id = (token: string) => vocabulary.indexOf(token)
const idsOf = (text: string) => text.split(' ').map(id)

const json = (changes: Record<string, unknown> = {}) => ({
  version: '1.0',
  truncation: { max_length: 3, strategy: 'LongestFirst', stride: 0 },
  padding: { strategy: { Fixed: 12 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' },
  added_tokens: special.map((content) => ({ id: id(content), content, special: true, normalized: false })),
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((token, i) => [token, i])),
  },
  ...changes,
})

const build = (value: unknown, pipeline: 'auto' | 'library' = 'auto') =>
  createTokenizer(parseTokenizerJson(new TextEncoder().encode(JSON.stringify(value)), 'tokenizer.json'), {
    where: 'tokenizer.json',
    pipeline,
  })

describe.each(['auto', 'library'] as const)('a tokenizer (%s)', (pipeline) => {
  const tokenizer = build(json(), pipeline)

  it('splits into pieces between its special tokens, and pays no heed to the truncation and padding of tokenizer.json', () => {
    expect([...tokenizer.encode('Hello  unaffable ROWS, Éa')]).toEqual(idsOf('[CLS] hello un ##aff ##able row ##s , e ##a [SEP]'))
    expect([...tokenizer.encode('hello', { addSpecialTokens: false })]).toEqual(idsOf('hello'))
    expect([...tokenizer.encode('')]).toEqual(idsOf('[CLS] [SEP]'))
    expect([...tokenizer.encode('', { addSpecialTokens: false })]).toEqual([])
  })

  it('truncates to the length asked for, special tokens included and kept, on either side', () => {
    const text = 'hello unaffable rows'
    expect([...tokenizer.encode(text, { maxLength: 5 })]).toEqual(idsOf('[CLS] hello un ##aff [SEP]'))
    expect([...tokenizer.encode(text, { maxLength: 5, truncationSide: 'left' })]).toEqual(idsOf('[CLS] ##able row ##s [SEP]'))
    expect([...tokenizer.encode(text, { maxLength: 2 })]).toEqual(idsOf('[CLS] [SEP]'))
    expect([...tokenizer.encode(text, { maxLength: 0, addSpecialTokens: false })]).toEqual([])
    expect([...tokenizer.encode(text, { maxLength: 99 })]).toEqual([...tokenizer.encode(text)])
    expect(() => tokenizer.encode(text, { maxLength: 1 })).toThrow(expect.objectContaining({ code: 'tokenizer.max-length' }))
    expect(() => tokenizer.encode(text, { maxLength: Number.NaN })).toThrow(expect.objectContaining({ code: 'tokenizer.max-length' }))
  })

  it('truncates every length of a text to the beginning of its whole result', () => {
    const text = 'rows [MASK] unaffable, 中文 hello.'
    const whole = [...tokenizer.encode(text, { addSpecialTokens: false })]
    for (let n = 0; n <= whole.length; n++) {
      expect([...tokenizer.encode(text, { addSpecialTokens: false, maxLength: n })]).toEqual(whole.slice(0, n))
      expect([...tokenizer.encode(text, { addSpecialTokens: false, maxLength: n, truncationSide: 'left' })]).toEqual(
        whole.slice(whole.length - n),
      )
    }
  })

  it('encodes a batch as one by one', () => {
    const texts = ['hello', '', 'unaffable rows', '中文', '[CLS]']
    const { ids, offsets } = tokenizer.encodeBatch(texts, { maxLength: 4 })
    expect(offsets.length).toBe(6)
    texts.forEach((text, i) => {
      expect([...ids.subarray(offsets[i], offsets[i + 1])]).toEqual([...tokenizer.encode(text, { maxLength: 4 })])
    })
  })

  it('finds special tokens in the text, exactly as they are written', () => {
    expect([...tokenizer.encode('a[MASK]b [SEP][[CLS]]', { addSpecialTokens: false })]).toEqual(idsOf('a [MASK] b [SEP] [ [CLS] ]'))
    expect([...tokenizer.encode('[cls]', { addSpecialTokens: false })]).toEqual(idsOf('[ cls ]'))
  })

  it('takes a lone surrogate for U+FFFD', () => {
    expect(tokenizer.encode('a\ud800b \udc00e\ud83d')).toEqual(tokenizer.encode('a\ufffdb \ufffde\ufffd'))
  })

  it('knows its sizes', () => {
    expect(tokenizer).toMatchObject({ vocabularySize: vocabulary.length, specialTokens: 2, padId: 0, unknownId: 1 })
    expect(tokenizer.token(id('##able'))).toBe('##able')
    expect(tokenizer.token(vocabulary.length)).toBeUndefined()
  })
})

it('equals @huggingface/tokenizers on random texts of scripts that both know', () => {
  const own = build(json())
  expect(own.pipeline).toBe('wordpiece')
  const library = new LibraryTokenizer(json(), {})
  const random = seededRandom(11)
  const letters = [
    'a',
    'b',
    'e',
    'E',
    'É',
    'ê',
    '1',
    '11',
    's',
    'un',
    'aff',
    'able',
    'row',
    'ze',
    'free',
    'Hello',
    ' ',
    '  ',
    '\t',
    '\n',
    '.',
    ',',
    '!',
    '-',
    '中',
    '文',
    'ü',
    '\u0301',
    '\u200b',
    '\u0000',
    '[MASK]',
    '[',
    ']',
    '😀',
    'ß',
    'x'.repeat(101),
  ]
  for (let i = 0; i < 5000; i++) {
    const text = Array.from({ length: random.integer(20) }, () => letters[random.integer(letters.length)]).join('')
    expect([...own.encode(text)], JSON.stringify(text)).toEqual([...library.encode(text).ids])
  }
})

it('forgets nothing and invents nothing when its cache of words overflows', () => {
  const tokenizer = build(json())
  const random = seededRandom(12)
  const word = () => Array.from({ length: 12 }, () => 'abe'[random.integer(3)]).join('')
  const expected = (text: string) => [id(text[0]), ...[...text.slice(1)].map((c) => id(`##${c}`))]
  for (let i = 0; i < 120_000; i++) {
    const text = word()
    const ids = tokenizer.encode(text, { addSpecialTokens: false })
    if (ids.join() !== expected(text).join()) expect([...ids], text).toEqual(expected(text))
  }
})

describe('which pipeline does what', () => {
  const cases: [string, Record<string, unknown>, 'wordpiece' | 'library'][] = [
    ['a plain BERT', {}, 'wordpiece'],
    ['no normaliser', { normalizer: null }, 'wordpiece'],
    [
      'Replace and NFKC before BertNormalizer',
      {
        normalizer: {
          type: 'Sequence',
          normalizers: [{ type: 'Replace', pattern: { String: '™' }, content: ' ' }, { type: 'NFKC' }, { type: 'BertNormalizer' }],
        },
      },
      'wordpiece',
    ],
    [
      'NFKC after BertNormalizer',
      { normalizer: { type: 'Sequence', normalizers: [{ type: 'BertNormalizer' }, { type: 'NFKC' }] } },
      'library',
    ],
    ['Lowercase', { normalizer: { type: 'Lowercase' } }, 'library'],
    [
      'Replace of an expression',
      { normalizer: { type: 'Sequence', normalizers: [{ type: 'Replace', pattern: { Regex: 'a+' }, content: 'b' }] } },
      'library',
    ],
    ['splitting at white space', { pre_tokenizer: { type: 'WhitespaceSplit' } }, 'library'],
    [
      'runs of characters',
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'BertPreTokenizer' },
            { type: 'Split', pattern: { Regex: '[中-文a]{1,5}' }, behavior: 'Isolated', invert: false },
          ],
        },
      },
      'wordpiece',
    ],
    [
      'an expression that is no list of characters',
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'BertPreTokenizer' },
            { type: 'Split', pattern: { Regex: '[^中]{1,5}' }, behavior: 'Isolated', invert: false },
          ],
        },
      },
      'library',
    ],
    ['an added token that is normalised', { added_tokens: [{ id: 4, content: '[MASK]', special: false, normalized: true }] }, 'library'],
    [
      'an added token that must be a whole word',
      { added_tokens: [{ id: 4, content: '[MASK]', special: true, normalized: false, single_word: true }] },
      'library',
    ],
  ]
  it.each(cases)('%s', (_, changes, pipeline) => {
    expect(build(json(changes)).pipeline).toBe(pipeline)
  })

  it('a run of characters is cut at its longest, and stands apart from what is around it', () => {
    const pre_tokenizer = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'BertPreTokenizer' },
        { type: 'Split', pattern: { Regex: '[ab]{1,2}' }, behavior: 'Isolated', invert: false },
      ],
    }
    const changes = { pre_tokenizer, normalizer: null }
    for (const pipeline of ['auto', 'library'] as const) {
      const ids = build(json(changes), pipeline).encode('eababbe', { addSpecialTokens: false })
      expect([...ids]).toEqual(idsOf('e a ##b a ##b b e'))
    }
  })
})

describe('loadTokenizer', () => {
  const text = (value: unknown) => JSON.stringify(value)

  it('makes the tokenizer of a BERT that has only a vocab.txt', async () => {
    const files = memoryFiles({ 'vocab.txt': `${vocabulary.join('\r\n')}\r\n` })
    const tokenizer = await loadTokenizer(files)
    expect([...tokenizer.encode('Hello Éa中 [MASK]')]).toEqual(idsOf('[CLS] hello e ##a 中 [MASK] [SEP]'))
    expect(tokenizer.vocabularySize).toBe(vocabulary.length)
    const cased = await loadTokenizer(
      memoryFiles({ 'vocab.txt': vocabulary.join('\n'), 'tokenizer_config.json': text({ do_lower_case: false }) }),
    )
    expect([...cased.encode('Hello é')]).toEqual(idsOf('[CLS] [UNK] é [SEP]'))
  })

  it('lets tokenizer_config.json decide on lower-casing for a BERT, as Python does, unless told not to', async () => {
    const config = {
      tokenizer_class: 'BertTokenizer',
      do_lower_case: false,
      model_max_length: 512,
      truncation_side: 'left',
      pad_token: { content: '[MASK]' },
    }
    const files = memoryFiles({ 'sub/tokenizer.json': text(json()), 'sub/tokenizer_config.json': text(config) })
    const tokenizer = await loadTokenizer(files, { folder: 'sub' })
    expect([...tokenizer.encode('Hello a')]).toEqual(idsOf('[CLS] [UNK] a [SEP]'))
    expect([...tokenizer.encode('hello a b', { maxLength: 4 })]).toEqual(idsOf('[CLS] a b [SEP]'))
    expect(tokenizer).toMatchObject({ modelMaxLength: 512, padId: id('[MASK]') })
    const plain = await loadTokenizer(files, { folder: 'sub', obeyConfig: false })
    expect([...plain.encode('Hello a')]).toEqual(idsOf('[CLS] hello a [SEP]'))
  })

  it('takes a huge model_max_length for no limit', async () => {
    const files = memoryFiles({
      'tokenizer.json': text(json()),
      'tokenizer_config.json': '{"model_max_length": 1000000000000000019884624838656}',
    })
    expect((await loadTokenizer(files)).modelMaxLength).toBeUndefined()
  })

  const bad: [string, Record<string, string>, string][] = [
    ['no file', {}, 'tokenizer.none'],
    ['no JSON', { 'tokenizer.json': '{"model":' }, 'tokenizer.malformed'],
    ['no model', { 'tokenizer.json': '{}' }, 'tokenizer.malformed'],
    ['no vocabulary', { 'tokenizer.json': text(json({ model: { type: 'WordPiece' } })) }, 'tokenizer.malformed'],
    [
      'an id that is no number',
      { 'tokenizer.json': text(json({ model: { type: 'WordPiece', vocab: { a: 'b' } } })) },
      'tokenizer.malformed',
    ],
    ['a negative id', { 'tokenizer.json': text(json({ model: { type: 'WordPiece', vocab: { a: -1 } } })) }, 'tokenizer.malformed'],
    [
      'a template without its token',
      {
        'tokenizer.json': text(
          json({ post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '[X]' } }], special_tokens: {} } }),
        ),
      },
      'tokenizer.malformed',
    ],
    ['an unknown post-processor', { 'tokenizer.json': text(json({ post_processor: { type: 'Magic' } })) }, 'tokenizer.unsupported'],
    ['an unknown pre-tokeniser', { 'tokenizer.json': text(json({ pre_tokenizer: { type: 'Magic' } })) }, 'tokenizer.unsupported'],
    ['a vocab.txt without [UNK]', { 'vocab.txt': 'a\nb\n[CLS]\n[SEP]' }, 'tokenizer.malformed'],
    [
      'a config of the wrong type',
      { 'tokenizer.json': text(json()), 'tokenizer_config.json': '{"model_max_length": "many"}' },
      'tokenizer.malformed',
    ],
  ]
  it.each(bad)('says so: %s', async (_, files, code) => {
    await expect(loadTokenizer(memoryFiles(files))).rejects.toMatchObject({ name: 'MsError', code })
  })

  it('a tokenizer of another vocabulary is refused', () => {
    const tokenizer = build(json())
    expect(() => assertVocabulary(tokenizer, vocabulary.length, 'M')).not.toThrow()
    expect(() => assertVocabulary(tokenizer, vocabulary.length - 1, 'M')).toThrow(expect.objectContaining({ code: 'tokenizer.vocabulary' }))
  })
})
