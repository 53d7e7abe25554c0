import { MsError } from '@ms/core'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.js'
import { parseTokenizerJson } from './tokenizer-json.js'

/**
 * The tokenizer.json of a BERT that has only a vocab.txt (a token a line), as Python's transformers would make it.
 *
 * @throws `tokenizer.malformed` when a special token is not in the vocabulary
 */
export function tokenizerFromVocabTxt(bytes: Uint8Array, config: TokenizerConfig, where: string): TokenizerJson {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  const vocab = Object.assign(Object.create(null), Object.fromEntries(lines.map((token, id) => [token, id])))
  const special = {
    unk: config.unk_token ?? '[UNK]',
    cls: config.cls_token ?? '[CLS]',
    sep: config.sep_token ?? '[SEP]',
    pad: config.pad_token ?? '[PAD]',
    mask: config.mask_token ?? '[MASK]',
  }
  for (const token of [special.unk, special.cls, special.sep]) {
    if (vocab[token] === undefined) {
      throw new MsError('tokenizer.malformed', `the vocabulary of ${lines.length} lines has no ${token}`, {
        where,
        advice: 'This is no vocabulary of a BERT, or it is damaged.',
      })
    }
  }
  const added = [...new Set(Object.values(special))].filter((token) => vocab[token] !== undefined)
  const json = {
    added_tokens: added.map((content) => ({ id: vocab[content], content, special: true, normalized: false })),
    normalizer: { type: 'BertNormalizer', clean_text: true, ...bertNormalizerSettings(config) },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', cls: [special.cls, vocab[special.cls]], sep: [special.sep, vocab[special.sep]] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: special.unk, continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  }
  return parseTokenizerJson(new TextEncoder().encode(JSON.stringify(json)), where)
}

/** tokenizer_config.json → BertNormalizer, with the defaults of Python's BertTokenizer. */
export function bertNormalizerSettings(config: TokenizerConfig) {
  return {
    lowercase: config.do_lower_case ?? true,
    strip_accents: config.strip_accents ?? null,
    handle_chinese_chars: config.tokenize_chinese_chars ?? true,
  }
}
