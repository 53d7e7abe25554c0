import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createTokenizer } from '../create-tokenizer.js'
import { parseTokenizerJson } from '../tokenizer-json.js'
import { alone, codePoints, expanded, space } from './code-points.js'

interface Case {
  configuration: { normalizer: Record<string, unknown> | null; longest?: number; prefix?: string }
  hashes: string
  characters?: string
}

const golden: { texts: string[]; vocabulary: string[]; cases: Record<string, Case> } = JSON.parse(
  readFileSync(new URL('../../../golden/wordpiece.json', import.meta.url), 'utf8'),
)

function fnv(numbers: Iterable<number>): string {
  let value = 0x811c9dc5
  for (const number of numbers) value = Math.imul(value ^ number, 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}

function tokenizerOf({ configuration }: Case) {
  const { longest = 100, prefix = '##', ...parts } = configuration
  const json = {
    ...parts,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: longest,
      vocab: Object.fromEntries(golden.vocabulary.map((token, id) => [token, id])),
    },
  }
  return createTokenizer(parseTokenizerJson(new TextEncoder().encode(JSON.stringify(json)), 'golden'), { where: 'golden' })
}

describe.each(Object.entries(golden.cases))('WordPiece, configuration %s', (_, golden_case) => {
  it('gives the ids of the Rust library for every text', () => {
    const tokenizer = tokenizerOf(golden_case)
    expect(tokenizer.pipeline).toBe('wordpiece')
    // Twice: the second time every word comes from the cache.
    for (const round of ['first', 'cached']) {
      const wrong = golden.texts.filter((text, i) => fnv(tokenizer.encode(text)) !== golden_case.hashes.slice(i * 8, i * 8 + 8))
      expect(wrong, round).toEqual([])
    }
    const { ids, offsets } = tokenizer.encodeBatch(golden.texts)
    golden.texts.forEach((_, i) => {
      expect(fnv(ids.subarray(offsets[i], offsets[i + 1]))).toBe(golden_case.hashes.slice(i * 8, i * 8 + 8))
    })
  })
})

const withCharacters = Object.entries(golden.cases).filter(([, { characters }]) => characters !== undefined)

it.each(withCharacters)(
  'configuration %s: all 1,112,064 characters stand for what they stand for in the Rust library',
  (_, { configuration, characters = '' }) => {
    const { clean_text = false, handle_chinese_chars = false, strip_accents, lowercase = false } = configuration.normalizer ?? {}
    const points = codePoints({
      cleanText: clean_text === true,
      handleChineseChars: handle_chinese_chars === true,
      stripAccents: (strip_accents ?? lowercase) === true,
      lowercase: lowercase === true,
    })
    const letterA = 0x61
    const letterB = 0x62
    const blank = 0x20
    const wrong: string[] = []
    for (let start = 0; start < 0x110000; start += 4096) {
      const seen: number[] = []
      for (let code = start; code < start + 4096; code++) {
        if (code >= 0xd800 && code < 0xe000) continue
        const fate = points.fate(code)
        seen.push(letterA)
        if (fate >= 0) seen.push(fate)
        else if (fate === space) seen.push(blank)
        else if (fate === alone) seen.push(blank, code, blank)
        else if (fate === expanded) {
          let open = true // a word has begun and not ended
          for (const { codePoint, kind } of points.expansion(code)) {
            if (kind !== 'letter' && open) seen.push(blank)
            if (kind !== 'space') seen.push(codePoint)
            if (kind === 'alone') seen.push(blank)
            open = kind === 'letter'
          }
        }
        seen.push(letterB, blank)
      }
      if (fnv(seen) !== characters.slice((start / 4096) * 8, (start / 4096) * 8 + 8)) wrong.push(`U+${start.toString(16)}`)
    }
    expect(wrong).toEqual([])
  },
)
