import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyEncoder } from '../../packages/embed/src/fixtures/tiny-encoders.js'
import { ms } from './ms.js'
import { things, width, writeTinyData, writeTinyModel } from './tiny-model.js'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'ms-workflow-'))
  await writeTinyModel(join(cwd, 'model'))
  await writeTinyData(join(cwd, 'data'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

/** Runs a command that must succeed; words are split at spaces, more come as they are. */
async function good(line: string, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await ms([...line.split(' '), ...more], { cwd })
  expect(code, `${line}\n${stderr}`).toBe(0)
  expect(stderr).not.toContain('error[')
  return stdout
}
// biome-ignore lint/suspicious/noExplicitAny: what is printed is looked at field by field.
const json = async (line: string, ...more: string[]): Promise<any> => JSON.parse(await good(`${line} --json`, ...more))
const lines = async (name: string) => (await readFile(join(cwd, name), 'utf8')).trim().split('\n')

/** Reads a .npy as numpy would: magic, version, header, float32. */
async function npy(name: string): Promise<{ header: string; offset: number; rows: Float32Array[] }> {
  const bytes = await readFile(join(cwd, name))
  expect([...bytes.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  const offset = 10 + bytes.readUInt16LE(8)
  const header = bytes.subarray(10, offset).toString('latin1')
  const [, count, dim] = header.match(/'shape': \((\d+), (\d+)\)/)?.map(Number) ?? []
  expect(bytes.length).toBe(offset + count * dim * 4)
  const rows = Array.from({ length: count }, (_, i) =>
    Float32Array.from({ length: dim }, (_, j) => bytes.readFloatLE(offset + (i * dim + j) * 4)),
  )
  return { header, offset, rows }
}

describe('from a model and documents to a tuned search', () => {
  it('train writes a run: settings, events, checkpoints, a model', async () => {
    const result = await json('train --model model --data data --out run --epochs 20 --batch-size 4 --seed 5')
    expect(result).toMatchObject({ run: 'run', model: join('run', 'model'), steps: 100, reason: 'done' })
    expect(result.lossDiff).toBeGreaterThan(0)
    const record = JSON.parse(await readFile(join(cwd, 'run/run.json'), 'utf8'))
    expect(record).toMatchObject({ version: 1, state: 'done', model: 'model', settings: { epochs: 20, batchSize: 4, seed: 5 } })
    expect(record.examples).toMatchObject({ kind: 'pair', count: 20, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const events = (await lines('run/events.jsonl')).map((line) => JSON.parse(line))
    expect(events[0].type).toBe('start')
    expect(events.at(-1).type).toBe('end')
    const losses = events.filter(({ type }) => type === 'step').map(({ loss }) => loss)
    expect(losses).toHaveLength(100)
    const mean = (part: number[]) => part.reduce((sum, value) => sum + value, 0) / part.length
    expect(mean(losses.slice(-20))).toBeLessThan(mean(losses.slice(0, 20)))
    expect(JSON.parse(await readFile(join(cwd, 'run/model/modules.json'), 'utf8'))).toHaveLength(2)
    expect(await readFile(join(cwd, 'run/report.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*<polyline[\s\S]*100 steps/)
  })

  it('eval measures the model, keyword search, the run and the two together', async () => {
    const measured = await Promise.all(
      ['--model model', '--model run', '--model bm25', '--model run --mode hybrid'].map((options) => json(`eval --data data ${options}`)),
    )
    for (const { data, split, queries, metrics } of measured) {
      expect([data, split, queries]).toEqual(['data', 'test', 10])
      for (const name of ['ndcg@10', 'mrr@10', 'recall@10', 'recall@100', 'hit@1', 'map@r']) {
        expect(metrics[name]).toBeGreaterThanOrEqual(0)
        expect(metrics[name]).toBeLessThanOrEqual(1)
      }
    }
    const [base, tuned, keyword, hybrid] = measured
    expect([base, tuned, keyword, hybrid].map(({ model, mode }) => [model, mode])).toEqual([
      ['model', 'dense'],
      ['run', 'dense'],
      ['bm25', 'lexical'],
      ['run', 'hybrid'],
    ])
    // Colour and thing stand in every document's words: keyword search finds all of them, and hybrid search must not lose that.
    expect(keyword.metrics['ndcg@10']).toBe(1)
    expect(hybrid.metrics['ndcg@10']).toBe(1)
    expect(hybrid.fusion).toMatch(/^convex\(/)
    expect(tuned.metrics['recall@100']).toBe(1)
    await good('eval --model bm25 --data data --per-query per-query.tsv')
    expect(await lines('per-query.tsv')).toHaveLength(11)
  })

  it('compare shows five systems and answers with its exit code whether the tuning made it worse', async () => {
    const report = await json('compare --base model --tuned run --data data')
    expect(Object.keys(report.systems)).toEqual(['keyword', 'base', 'tuned', 'hybrid-base', 'hybrid-tuned'])
    expect(report.differences[0]).toMatchObject({ candidate: 'tuned', baseline: 'base' })
    const [{ won, lost, tied, difference, pValue }] = report.differences
    expect(won + lost + tied).toBe(10)
    expect(difference).toBeCloseTo(report.systems.tuned['ndcg@10'] - report.systems.base['ndcg@10'], 10)
    expect(pValue).toBeGreaterThan(0)
    const text = await good('compare --base model --tuned run --data data --html page.html')
    expect(await readFile(join(cwd, 'page.html'), 'utf8')).toMatch(/<h2>Training<\/h2>[\s\S]*hybrid-tuned[\s\S]*Won most/)
    expect(text).toMatch(/hybrid-tuned/)
    expect(text).toMatch(/Queries that were won/)

    await good('compare --base model --tuned model --data data --fail-if-worse --quiet')
    await writeTinyModel(join(cwd, 'blind'), { '0_StaticEmbedding/tokenizer.json': await blindTokenizer() })
    const worse = await ms('compare --base run --tuned blind --data data --fail-if-worse --json'.split(' '), { cwd })
    expect(worse.code).toBe(1)
    expect(JSON.parse(worse.stdout).worse).toContain('tuned than base')
    expect(worse.stderr).toContain('worse: tuned than base')
  })

  /** Knows no thing and no colour: every text becomes the unknown word. */
  async function blindTokenizer(): Promise<string> {
    const tokenizer = JSON.parse(await readFile(join(cwd, 'model/0_StaticEmbedding/tokenizer.json'), 'utf8'))
    const tokens = Object.keys(tokenizer.model.vocab)
    tokenizer.model.vocab = Object.fromEntries(tokens.map((token, id) => [token.startsWith('[') ? token : `x${id}x`, id]))
    return JSON.stringify(tokenizer)
  }

  it('encode writes what numpy reads, in input order, with the ids beside it', async () => {
    const result = await json('encode --model run --input data/corpus.jsonl --output corpus.npy')
    expect(result).toMatchObject({ output: 'corpus.npy', count: 40, dim: width })
    const { header, offset, rows } = await npy('corpus.npy')
    expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(40, 8\), \} *\n$/)
    expect(offset % 64).toBe(0)
    for (const row of rows) expect(Math.hypot(...row)).toBeCloseTo(1, 5)
    const ids = await lines('corpus.ids.txt')
    expect(ids).toEqual((await lines('data/corpus.jsonl')).map((line) => JSON.parse(line)._id))

    await writeFile(join(cwd, 'texts.txt'), 'the apple a red apple\n\n红苹果\n')
    await good('encode --model run --input texts.txt --output texts.npy')
    const again = await npy('texts.npy')
    expect(again.rows).toHaveLength(3)
    const document = rows[ids.indexOf('red-apple')]
    for (const [i, value] of again.rows[0].entries()) expect(value).toBeCloseTo(document[i], 5)
    await good('encode --model run --input texts.txt --output short.npy --truncate-dim 4')
    expect((await npy('short.npy')).header).toContain('(3, 4)')
  })

  it('index and search: made, added to, taken from, looked at', async () => {
    expect(await json('index create --collection c --model run --input data/corpus.jsonl --data data')).toMatchObject({
      documents: 40,
      dim: width,
      weight: expect.any(Number),
    })
    await writeFile(join(cwd, 'more.jsonl'), `${JSON.stringify({ _id: 'zh', title: '红色苹果', text: '一个红色的苹果' })}\n`)
    expect(await json('index add --collection c --input more.jsonl')).toMatchObject({ changed: 1, documents: 41 })
    const status = await json('index status --collection c')
    expect(status).toMatchObject({ format: 'ms-collection', documents: 41, dim: width, metric: 'dot', model: join(cwd, 'run') })

    for (const mode of ['dense', 'lexical', 'hybrid']) {
      const found = await json(`search --collection c --mode ${mode} --k 5`, 'green eagle')
      expect(found).toMatchObject({ query: 'green eagle', mode })
      expect(found.results.length).toBeLessThanOrEqual(5)
      const scores: number[] = found.results.map(({ score }: { score: number }) => score)
      expect(scores).toEqual([...scores].sort((a, b) => b - a))
      if (mode !== 'dense') expect(found.results[0]).toMatchObject({ id: 'green-eagle', title: 'The eagle' })
      if (mode === 'lexical') expect(found.results[0].snippet.ranges.length).toBeGreaterThan(0)
    }
    expect((await json('search --collection c', '红色苹果')).results[0]).toMatchObject({ id: 'zh' })
    const like = await json('search --collection c --like red-apple --k 3')
    expect(like.results).toHaveLength(3)
    expect(like.results.map(({ id }: { id: string }) => id)).not.toContain('red-apple')
    expect(await good('search --collection c --mode lexical', 'nowhere-word')).toBe('nothing found\n')
    expect(await good('search --collection c', 'green eagle')).toContain('The eagle')

    await writeFile(join(cwd, 'gone.txt'), 'zh\ngreen-eagle\nnever-there\n')
    expect(await json('index remove --collection c --input gone.txt')).toMatchObject({ changed: 2, documents: 39 })
    const left = await json('search --collection c --k 100', 'green eagle')
    expect(left.results.map(({ id }: { id: string }) => id)).not.toContain('green-eagle')
  })

  it('mine writes triplets that train reads', async () => {
    const { triplets } = await json('mine --model model --data data --output mined.jsonl --count 2')
    const mined = (await lines('mined.jsonl')).map((line) => JSON.parse(line))
    expect(mined).toHaveLength(triplets)
    for (const { anchor, positive, negative_1, negative_2 } of mined) {
      expect(things.some((thing) => anchor.includes(thing))).toBe(true)
      expect(new Set([positive, negative_1, negative_2]).size).toBe(3)
    }
    expect(await json('train --model model --data mined.jsonl --out triplets --epochs 1')).toMatchObject({ reason: 'done' })
  })

  it('models lists names, the embedded one first', async () => {
    const [first, ...rest] = await json('models')
    expect(first).toMatchObject({ name: 'ms-mini-text', default: true, dim: 256 })
    expect(rest.map(({ id }: { id: string }) => id)).toContain('sentence-transformers/all-MiniLM-L6-v2')
    for (const preset of rest) expect(preset).toMatchObject({ dim: expect.any(Number), licence: expect.any(String), supported: true })
  })

  it('--help says what there is', async () => {
    const overview = await good('--help')
    for (const name of ['train', 'eval', 'compare', 'encode', 'index', 'search', 'mine', 'models']) expect(overview).toMatch(`  ${name}`)
    const help = await good('train --help')
    for (const option of ['--model M', '--data D', '--out RUN', '--resume', '--backend', '--seed']) expect(help).toContain(option)
    expect((await ms([])).code).toBe(2)
  })
})

describe('ms distill', () => {
  it('makes a table of a network, whose first rows are read from [CLS] vectors', async () => {
    const { files } = tinyEncoder('mean, normalised')
    for (const name of await files.list()) {
      await mkdir(dirname(join(cwd, 'teacher', name)), { recursive: true })
      await writeFile(join(cwd, 'teacher', name), await files.read(name))
    }
    const words = 'the query hello search text a one 2 three end of longer'.split(' ')
    const texts = Array.from({ length: 60 }, (_, i) => `${words[i % 12]} ${words[(i * 5 + 1) % 12]} ${words[(i * 7 + 3) % 12]}`)
    await writeFile(join(cwd, 'unlabelled.txt'), `${texts.join('\n')}\n`)
    const options = '--teacher teacher --texts unlabelled.txt --dim 12 --backend cpu'
    const made = await json(`distill ${options} --epochs 12 --out student`)
    expect(made).toMatchObject({ out: 'student', dim: 12 })
    expect(made.losses).toHaveLength(12)
    expect(made.losses[11]).toBeLessThan(made.losses[0])
    await good('encode --model student --input unlabelled.txt --output student.npy')
    expect((await npy('student.npy')).rows).toHaveLength(60)
  })
})
