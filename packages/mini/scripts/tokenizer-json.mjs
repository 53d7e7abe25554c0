import { isHan } from './vocabulary.mjs'

/** A character class of the given characters, neighbours as ranges. */
function characterClass(characters) {
  const codes = characters.map((character) => character.codePointAt(0)).sort((a, b) => a - b)
  let text = ''
  for (let i = 0; i < codes.length; ) {
    let end = i
    while (codes[end + 1] === codes[end] + 1) end++
    text += String.fromCodePoint(codes[i])
    if (end > i) text += `${end > i + 1 ? '-' : ''}${String.fromCodePoint(codes[end])}`
    i = end + 1
  }
  return text
}

/**
 * tokenizer.json: greedy longest match over English words and their pieces and over Chinese words. The trick that lets one
 * WordPiece model hold both: the mark of a continuing piece is empty, and every word gets "▁" in front, so that a run of
 * Chinese characters is "▁" (a row of zeros) followed by bare words, and an English word starts with an entry "▁word".
 * Runs hold only characters that have an entry of their own, so a rare one never makes its neighbours unknown.
 * @param {string[]} tokens in the order of their ids, from id 2
 */
export function tokenizerJson(tokens) {
  const vocab = Object.fromEntries(['[UNK]', '▁', ...tokens].map((token, id) => [token, id]))
  if (Object.keys(vocab).length !== tokens.length + 2) throw new Error('a token occurs twice')
  const mark = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: false }
  const han = characterClass(tokens.filter((token) => [...token].length === 1 && isHan(token)))
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Replace', pattern: { String: '™' }, content: ' ' },
        { type: 'NFKC' },
        { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: false, strip_accents: true, lowercase: true },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'BertPreTokenizer' },
        { type: 'Split', pattern: { Regex: `[${han}]{1,50}` }, behavior: 'Isolated', invert: false },
        mark,
      ],
    },
    post_processor: null,
    decoder: mark,
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '', max_input_chars_per_word: 100, vocab },
  }
}
