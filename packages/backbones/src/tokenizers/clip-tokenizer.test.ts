import { readFileSync } from 'node:fs'
import { memoryFiles } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { tokenizerFromMerges } from './clip-merges.js'
import { loadTokenizer } from './load-tokenizer.js'

const golden: { vocab: Record<string, number>; merges: string[]; texts: string[]; ids: number[][] } = JSON.parse(
  readFileSync(new URL('../../golden/clip-tokenizer.json', import.meta.url), 'utf8'),
)
const bytes = (text: string) => new TextEncoder().encode(text)
const vocab = bytes(JSON.stringify(golden.vocab))
const merges = bytes(`#version: 0.2\n${golden.merges.join('\n')}\nq x\n`)
const tokenizerConfig = bytes(JSON.stringify({ tokenizer_class: 'CLIPTokenizer', model_max_length: 77, pad_token: '<|endoftext|>' }))

describe("CLIP's tokenizer", () => {
  it.each(['tokenizer.json', 'vocab.json and merges.txt'])('from %s gives the ids of transformers', async (kind) => {
    const files: Record<string, Uint8Array> =
      kind === 'tokenizer.json'
        ? { 'tokenizer.json': bytes(JSON.stringify(tokenizerFromMerges({ vocab, merges }, {}, 'x'))) }
        : { 'vocab.json': vocab, 'merges.txt': merges }
    const tokenizer = await loadTokenizer(memoryFiles({ ...files, 'tokenizer_config.json': tokenizerConfig }))
    const wrong = golden.texts.filter((text, i) => tokenizer.encode(text).join() !== golden.ids[i].join())
    expect(wrong).toEqual([])
    expect(tokenizer).toMatchObject({ padId: 528, modelMaxLength: 77, specialTokens: 2, vocabularySize: 529 })
  })

  it('keeps the end token where a text is cut', async () => {
    const tokenizer = await loadTokenizer(memoryFiles({ 'vocab.json': vocab, 'merges.txt': merges }))
    expect([...tokenizer.encode('a photo of a red heart', { maxLength: 5 })]).toEqual([527, 320, 523, 524, 528])
  })

  it.each([
    ['tokenizer.malformed', bytes('{"a":'), merges],
    ['tokenizer.malformed', bytes('{"a":"b"}'), merges],
    ['tokenizer.malformed', vocab, bytes('a b c\n')],
    ['tokenizer.unsupported', bytes('{"<s>":0,"</s>":1}'), merges],
  ])('what is none is refused: %s', async (code, vocab, merges) => {
    await expect(loadTokenizer(memoryFiles({ 'vocab.json': vocab, 'merges.txt': merges }))).rejects.toMatchObject({
      code,
      where: expect.stringContaining('vocab.json'),
    })
  })
})
