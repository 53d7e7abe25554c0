import { MsError } from '@ms/core'
import { z } from 'zod'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.js'
import { parseTokenizerJson } from './tokenizer-json.js'

const start = '<|startoftext|>'
const end = '<|endoftext|>'
const vocabSchema = z.record(z.string(), z.number().int().nonnegative())

/**
 * The tokenizer.json of a CLIP that has only vocab.json and merges.txt, as Python's transformers would make it.
 *
 * @throws `tokenizer.malformed` when a file is not of that form, `tokenizer.unsupported` when it is another network's
 */
export function tokenizerFromMerges(
  files: { readonly vocab: Uint8Array; readonly merges: Uint8Array },
  config: TokenizerConfig,
  where: string,
): TokenizerJson {
  const vocab = parseVocab(files.vocab, where)
  if (vocab.get(start) === undefined || vocab.get(end) === undefined) {
    throw new MsError('tokenizer.unsupported', `vocab.json has no ${start}: it is no vocabulary of a CLIP`, {
      where,
      advice: 'Fetch the tokenizer.json of the same model.',
    })
  }
  const unknown = config.unk_token ?? end
  const special = (content: string) => ({ id: vocab.get(content), content, special: true, normalized: false })
  const json = {
    added_tokens: [start, end].map(special),
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          behavior: 'Removed',
          invert: true,
        },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: { type: 'RobertaProcessing', sep: [end, vocab.get(end)], cls: [start, vocab.get(start)] },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      unk_token: unknown,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab: Object.assign(Object.create(null), Object.fromEntries(vocab)),
      merges: parseMerges(files.merges, vocab, where),
    },
  }
  return parseTokenizerJson(new TextEncoder().encode(JSON.stringify(json)), where)
}

function parseVocab(bytes: Uint8Array, where: string): Map<string, number> {
  try {
    return new Map(Object.entries(vocabSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))))
  } catch (cause) {
    throw new MsError('tokenizer.malformed', 'vocab.json is no list of tokens and their numbers', {
      where,
      advice: 'The file is damaged or was not fetched to the end; fetch it again.',
      cause,
    })
  }
}

/** A merge a line, after a line that gives a version; those whose result is no token are beyond the vocabulary. */
function parseMerges(bytes: Uint8Array, vocab: ReadonlyMap<string, number>, where: string): string[][] {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/)
  return lines.flatMap((line, i) => {
    if (line === '' || line.startsWith('#version') || (i === 0 && line.startsWith('"bpe_simple_vocab'))) return []
    const pair = line.split(' ')
    if (pair.length === 2) return vocab.has(pair.join('')) ? [pair] : []
    throw new MsError('tokenizer.malformed', 'a line of merges.txt is not two pieces', { where: `${where}, line ${i + 1} of merges.txt` })
  })
}
