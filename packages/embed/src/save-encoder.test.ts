import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadTokenizer, readSafetensors } from '@ms/backbones'
import { memoryFiles } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbedder } from './embedder.js'
import { encoderSpace } from './encoder-space.js'
import { tinyEncoder, tinyEncoders } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'
import { saveEncoderDirectory } from './node/save-encoder-directory.js'
import { saveEncoder } from './save-encoder.js'

const text = async (files: { read(name: string): Promise<Uint8Array> }, name: string) => new TextDecoder().decode(await files.read(name))

describe('saveEncoder', () => {
  for (const { name, files } of tinyEncoders()) {
    it(`keeps the space of: ${name}`, async () => {
      const encoder = await loadEncoder(files)
      const saved = memoryFiles({}, 'saved')
      await saveEncoder(encoder, saved)
      const again = await loadEncoder(saved)
      expect(await encoderSpace(again)).toBe(await encoderSpace(encoder))
      expect(again.truncateDim).toBe(encoder.truncateDim)
      expect(again.similarity).toBe(encoder.similarity)
      expect(again.maxLength).toEqual(encoder.maxLength)
      expect((await saved.list()).every((file) => file === file.trim())).toBe(true)
    })
  }

  it('writes the same bytes twice', async () => {
    const encoder = await loadEncoder(tinyEncoder('two dense layers').files)
    const [one, other] = [memoryFiles(), memoryFiles()]
    await saveEncoder(encoder, one)
    await saveEncoder(await loadEncoder(one), other)
    expect(await other.list()).toEqual(await one.list())
    for (const file of await one.list()) expect(await other.read(file), file).toEqual(await one.read(file))
  })

  it('writes the older layout, which every version reads', async () => {
    const saved = memoryFiles()
    await saveEncoder(await loadEncoder(tinyEncoder('mean, normalised').files), saved)
    expect(JSON.parse(await text(saved, 'modules.json')).map(({ type, path }: { type: string; path: string }) => [type, path])).toEqual([
      ['sentence_transformers.models.Transformer', ''],
      ['sentence_transformers.models.Pooling', '1_Pooling'],
      ['sentence_transformers.models.Normalize', '2_Normalize'],
    ])
    expect(JSON.parse(await text(saved, '1_Pooling/config.json'))).toMatchObject({
      word_embedding_dimension: 12,
      pooling_mode_mean_tokens: true,
    })
    expect(JSON.parse(await text(saved, 'sentence_bert_config.json'))).toEqual({ max_seq_length: 48, do_lower_case: false })
    expect(JSON.parse(await text(saved, 'config.json'))).toMatchObject({ model_type: 'bert', torch_dtype: 'float32' })
    expect(await text(saved, 'README.md')).toContain('library_name: sentence-transformers')
  })

  it('saves a limit that was asked for, where Python obeys it', async () => {
    const saved = memoryFiles()
    await saveEncoder(await loadEncoder(tinyEncoder('static').files, { maxLength: 5 }), saved)
    expect((await loadEncoder(saved)).maxLength).toEqual({ query: 5, document: 5 })
    expect(JSON.parse(await text(saved, 'tokenizer.json')).truncation).toMatchObject({ max_length: 5, direction: 'Right' })
    expect((await loadTokenizer(saved)).encode('one two three', { addSpecialTokens: false, maxLength: 5 })).toHaveLength(5)
  })

  it('keeps a table in int8 when asked to, at a quarter of the size', async () => {
    const golden = tinyEncoder('static, normalised')
    const encoder = await loadEncoder(golden.files)
    const saved = memoryFiles()
    await saveEncoder(encoder, saved, { precision: 'int8' })
    const { tensors } = readSafetensors(await saved.read('model.safetensors'), 'model.safetensors')
    expect([...tensors].map(([name, { dtype }]) => [name, dtype]).sort()).toEqual([
      ['embedding.scale', 'F32'],
      ['embedding.weight', 'I8'],
    ])
    const again = await loadEncoder(saved)
    const rounded = await (await createEmbedder(again)).embed(golden.texts)
    const exact = await (await createEmbedder(encoder)).embed(golden.texts)
    const difference = rounded.data.reduce((most, value, i) => Math.max(most, Math.abs(value - exact.data[i])), 0)
    expect(difference).toBeGreaterThan(0)
    expect(difference).toBeLessThan(0.01)
    // Saved again it stays what it is: rounding is done once.
    const twice = memoryFiles()
    await saveEncoder(again, twice, { precision: 'int8' })
    expect(await twice.read('model.safetensors')).toEqual(await saved.read('model.safetensors'))
  })

  it('refuses what it cannot do', async () => {
    const encoder = await loadEncoder(tinyEncoder('mean, normalised').files)
    await expect(saveEncoder(encoder, memoryFiles(), { precision: 'int8' })).rejects.toMatchObject({ code: 'encoder.precision' })
    const { list, read } = memoryFiles()
    await expect(saveEncoder(encoder, { location: 'hub', list, read })).rejects.toMatchObject({ code: 'file.read-only' })
  })

  it('says in the card what it was given', async () => {
    const saved = memoryFiles()
    const card = { name: 'Mine', license: 'cc-by-sa-4.0', languages: ['en', 'zh'], baseModel: 'org/base', description: 'Made for a test.' }
    await saveEncoder(await loadEncoder(tinyEncoder('prompts').files), saved, { card })
    const readme = await text(saved, 'README.md')
    expect(readme).toMatch(/^---\nlicense: cc-by-sa-4.0\nlanguage:\n- en\n- zh\nbase_model: org\/base\n/)
    expect(readme).toContain('# Mine')
    expect(readme).toContain('| Prompt `query` | `search query: ` |')
  })
})

describe('saveEncoderDirectory', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ms-embed-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('replaces what was there as a whole, and leaves it where saving fails', async () => {
    const path = join(folder, 'model')
    const bert = await loadEncoder(tinyEncoder('mean, normalised').files)
    await saveEncoderDirectory(bert, path)
    const before = await readdir(path)
    await expect(saveEncoderDirectory(bert, path, { precision: 'int8' })).rejects.toMatchObject({ code: 'encoder.precision' })
    expect(await readdir(path)).toEqual(before)
    const table = await loadEncoder(tinyEncoder('static').files)
    await saveEncoderDirectory(table, path)
    expect(await encoderSpace(await loadEncoder(directoryFiles(path)))).toBe(await encoderSpace(table))
    expect(await readdir(path)).not.toContain('1_Pooling')
    expect(await readdir(folder)).toEqual(['model'])
    expect(await readFile(join(path, 'README.md'), 'utf8')).toContain('table of token embeddings')
  })

  it('names the place that cannot be written', async () => {
    const table = await loadEncoder(tinyEncoder('static').files)
    await expect(saveEncoderDirectory(table, '/dev/null/model')).rejects.toMatchObject({
      code: 'file.unwritable',
      where: '/dev/null/model',
    })
  })
})
