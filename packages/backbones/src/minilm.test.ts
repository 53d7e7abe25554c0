import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { directoryFiles } from '@ms/core/node'
import { describe, expect, it } from 'vitest'
import { bert } from './bert/bert.js'
import { loadParameters } from './checkpoint/load-parameters.js'
import { loadTokenizer } from './tokenizers/load-tokenizer.js'
import { assertVocabulary } from './tokenizers/vocabulary.js'

const environment = process.env
const cache = environment['MS_CACHE'] ?? fileURLToPath(new URL('../../../.cache', import.meta.url))
const folder = join(cache, 'models', 'all-MiniLM-L6-v2')
const present = existsSync(join(folder, 'model.safetensors'))

interface Golden {
  texts: string[]
  minilm: { hashes: string; readable: { text: string; ids: number[] }[] }
}
const golden: Golden = JSON.parse(readFileSync(new URL('../golden/wordpiece.json', import.meta.url), 'utf8'))

function fnv(numbers: Iterable<number>): string {
  let value = 0x811c9dc5
  for (const number of numbers) value = Math.imul(value ^ number, 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}

const title = present ? 'the real all-MiniLM-L6-v2' : 'the real all-MiniLM-L6-v2 (skipped: run node scripts/fetch-test-models.mjs)'

describe.skipIf(!present)(title, () => {
  const files = directoryFiles(folder)

  it.each(['tokenizer.json', 'vocab.txt'])('its %s gives the ids of the Rust library', async (file) => {
    const chosen = { ...files, list: async () => (await files.list()).filter((name) => name === file || name === 'tokenizer_config.json') }
    const tokenizer = await loadTokenizer(chosen)
    expect(tokenizer.pipeline).toBe('wordpiece')
    for (const { text, ids } of golden.minilm.readable) expect([...tokenizer.encode(text)], text).toEqual(ids)
    const wrong = golden.texts.filter((text, i) => fnv(tokenizer.encode(text)) !== golden.minilm.hashes.slice(i * 8, i * 8 + 8))
    expect(wrong).toEqual([])
  })

  it('its weights are those that its config.json asks for', async () => {
    const config = bert.parseConfig(JSON.parse(new TextDecoder().decode(await files.read('config.json'))), 'config.json')
    const backbone = bert.create(config)
    const parameters = await loadParameters(files, backbone.shapes, { rename: (key) => bert.rename(key, config) })
    const count = [...parameters.values()].reduce((sum, { data }) => sum + data.length, 0)
    // 22,713,216 with the pooler, which is no part of the encoder.
    expect(count).toBe(22_713_216 - (384 * 384 + 384))
    assertVocabulary(await loadTokenizer(files), config.vocab_size, folder)
  })
})
