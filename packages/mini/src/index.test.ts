import { readFileSync } from 'node:fs'
import { loadTokenizer } from '@ms/backbones'
import { createEmbedder, loadEncoder, type OwnedEmbedder } from '@ms/embed'
import { beforeAll, describe, expect, it } from 'vitest'
import { miniText } from './index.js'

const golden: { cases: { text: string; ids: number[] }[] } = JSON.parse(
  readFileSync(new URL('./fixtures/golden-ids.json', import.meta.url), 'utf8'),
)

describe('ms-mini-text', () => {
  let embedder: OwnedEmbedder<string>
  beforeAll(async () => {
    embedder = await createEmbedder(await loadEncoder(miniText()))
  })
  const embed = async (texts: string[]) => {
    const { data, dim } = await embedder.embed(texts)
    return texts.map((_, i) => data.subarray(i * dim, (i + 1) * dim))
  }
  const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)

  it('takes at most 16 MB', async () => {
    const files = miniText()
    const sizes = await Promise.all((await files.list()).map(async (name) => (await files.read(name)).length))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    expect(total).toBeLessThanOrEqual(16_000_000)
    expect(total).toBeGreaterThan(10_000_000)
  })

  it('gives the ids that the Rust library gives', async () => {
    const tokenizer = await loadTokenizer(miniText(), { folder: '0_StaticEmbedding' })
    expect(golden.cases.length).toBeGreaterThan(150)
    for (const { text, ids } of golden.cases) expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids)
  })

  it('embeds in 256 dimensions, of unit length, and nothing as nothing', async () => {
    expect(embedder.dim).toBe(256)
    const [english, chinese, empty, unknown] = await embed(['a table', '表格', '', '😀'])
    expect(Math.hypot(...english)).toBeCloseTo(1, 5)
    expect(Math.hypot(...chinese)).toBeCloseTo(1, 5)
    for (const vector of [empty, unknown]) expect(vector.every((value) => value === 0)).toBe(true)
  })

  it('finds English documents for Chinese queries, and the other way round', async () => {
    const english = [
      'The cat sleeps on the sofa.',
      'How to print a document on both sides of the paper',
      'Heavy rain is expected in the north tomorrow.',
      'The bank raised its interest rates.',
      'A recipe for noodle soup with beef',
    ]
    const chinese = ['猫在沙发上睡觉', '双面打印文档的方法', '明天北方将有大雨', '银行提高了利率', '牛肉面的做法']
    const [a, b] = [await embed(english), await embed(chinese)]
    const best = (vector: Float32Array, others: Float32Array[]) =>
      others.map((other) => cosine(vector, other)).reduce((most, score, i, all) => (score > all[most] ? i : most), 0)
    expect(b.map((vector) => best(vector, a))).toEqual([0, 1, 2, 3, 4])
    expect(a.map((vector) => best(vector, b))).toEqual([0, 1, 2, 3, 4])
  })
})
