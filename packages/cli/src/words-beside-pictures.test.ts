import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareCommand } from './commands/compare.js'
import { evaluateCommand } from './commands/eval.js'
import { indexCommand } from './commands/index-collection.js'
import { searchCommand } from './commands/search.js'
import { runCommand as ms } from './fixtures/run-command.js'

const clip = fileURLToPath(new URL('../../embed/golden/tiny-clip', import.meta.url))
/** Six documents with two pictures: only by their words can they be told apart. */
const words = ['a red heart', 'two', 'very long text', 'heart', 'that does not fit', 'red']

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-words-'))
  await mkdir(at('data', 'qrels'), { recursive: true })
  for (const name of ['one.png', 'two.png']) await copyFile(join(clip, name), at('data', name))
  const documents = words.map((text, i) => ({ _id: `d${i}`, image: i % 2 ? 'one.png' : 'two.png', text }))
  await writeFile(at('data', 'corpus.jsonl'), lines(documents))
  await writeFile(at('data', 'queries.jsonl'), lines(words.map((text, i) => ({ _id: `q${i}`, text }))))
  for (const [split, rows] of Object.entries({ dev: [0, 1, 2], test: [3, 4, 5] })) {
    await writeFile(at('data', 'qrels', `${split}.tsv`), `query-id\tcorpus-id\tscore\n${rows.map((i) => `q${i}\td${i}\t1\n`).join('')}`)
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const model = ['--model', clip]

describe('words beside pictures', () => {
  it('are given the share in the vectors that is best on dev, or the one that is asked for', async () => {
    const measure = (...more: string[]) => ms(evaluateCommand as never, ...model, '--data', at('data'), ...more)
    const fitted = await measure()
    expect(fitted.json['words']).toBeGreaterThan(0)
    expect(fitted.json).toMatchObject({ metrics: { 'ndcg@10': 1 } })
    const pictures = await measure('--words', '0')
    expect(pictures.json).toMatchObject({ words: 0 })
    expect((pictures.json['metrics'] as Record<string, number>)['ndcg@10']).toBeLessThan(0.9)
    // Dev is measured, and so not fitted on.
    expect((await measure('--split', 'dev')).json).toMatchObject({ words: 0 })
    const compared = await ms(compareCommand as never, '--base', clip, '--tuned', clip, '--data', at('data'))
    expect(compared.json['words']).toEqual({ base: fitted.json['words'], tuned: fitted.json['words'] })
  })

  it('are kept so in a collection, to which documents are added with the same share', async () => {
    const scores = async (name: string, ...more: string[]) => {
      const collection = ['--collection', at(name)]
      await ms(indexCommand as never, 'create', ...collection, ...model, '--input', at('data', 'corpus.jsonl'), ...more)
      await writeFile(at('data', 'more.jsonl'), lines([{ _id: 'more', image: 'one.png', text: 'fit' }]))
      await ms(indexCommand as never, 'add', ...collection, '--input', at('data', 'more.jsonl'))
      const found = await ms(searchCommand as never, ...collection, '--mode', 'dense', 'a red heart')
      return new Map((found.json['results'] as { id: string; score: number }[]).map(({ id, score }) => [id, score]))
    }
    const [pictures, mixed, told] = [
      await scores('pictures'),
      await scores('mixed', '--words', '0.4'),
      await scores('told', '--words', '1'),
    ]
    expect(told.get('d0')).toBeCloseTo(1, 5)
    for (const [id, score] of mixed) expect(score, id).toBeCloseTo(0.6 * (pictures.get(id) ?? 0) + 0.4 * (told.get(id) ?? 0), 5)
    expect(mixed.has('more')).toBe(true)

    const fitted = await ms(
      indexCommand as never,
      'create',
      '--collection',
      at('fitted'),
      ...model,
      '--input',
      at('data', 'corpus.jsonl'),
      '--data',
      at('data'),
    )
    expect(fitted.json['words']).toBeGreaterThan(0)
    const status = await ms(indexCommand as never, 'status', '--collection', at('fitted'))
    expect(status.json).toMatchObject({ settings: { words: fitted.json['words'], weight: fitted.json['weight'] } })
  })
})
