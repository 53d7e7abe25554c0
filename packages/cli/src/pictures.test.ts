import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readSafetensors, resnet, writeSafetensors } from '@ms/backbones'
import { seededRandom } from '@ms/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HeadedModel } from './closed-form-head.js'
import { compareCommand } from './commands/compare.js'
import { encode } from './commands/encode.js'
import { evaluateCommand } from './commands/eval.js'
import { indexCommand } from './commands/index-collection.js'
import { searchCommand } from './commands/search.js'
import { trainCommand } from './commands/train.js'
import { type CommandOutcome, runCommand as ms } from './fixtures/run-command.js'

const svg = (shape: string) => `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32">${shape}</svg>`
const colours = ['red', 'green', 'blue', 'orange', 'purple', 'teal', 'navy', 'olive']
const shapes: Readonly<Record<string, (colour: string) => string>> = {
  circle: (colour) => `<circle cx="16" cy="16" r="12" fill="${colour}"/>`,
  bar: (colour) => `<rect x="2" y="12" width="28" height="8" fill="${colour}"/>`,
}

/** What is said of each drawing, with its path. */
const captions = Object.keys(shapes).flatMap((shape) => colours.map((colour) => `a ${colour} ${shape},data/${shape}/${colour}.svg`))

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)

/** A small random ResNet under transformers' names, as a plain directory. */
async function randomNetwork(path: string) {
  const config = { model_type: 'resnet', embedding_size: 4, hidden_sizes: [8], depths: [1], layer_type: 'basic' }
  const { shapes: weights } = resnet.create(resnet.parseConfig(config, 'config.json'))
  const random = seededRandom(8)
  const tensors = [...weights].map(([name, shape]) => {
    const data = Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => random.normal() / 4)
    if (/running_var$|(bn|norm).*weight$/.test(name)) data.fill(1)
    return [name, { dtype: 'F32', shape, data }] as const
  })
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'model.safetensors'), writeSafetensors(new Map(tensors)))
  await writeFile(join(path, 'config.json'), JSON.stringify(config))
  const settings = { resize: 32, crop: 32, interpolation: 'bilinear', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
  await writeFile(join(path, 'preprocessor_config.json'), JSON.stringify(settings))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-pictures-'))
  await randomNetwork(at('network'))
  for (const [shape, draw] of Object.entries(shapes)) {
    await mkdir(at('data', shape), { recursive: true })
    for (const colour of colours) await writeFile(at('data', shape, `${colour}.svg`), svg(draw(colour)))
  }
  await writeFile(at('data', 'bar', 'broken.png'), 'no picture')
  await writeFile(at('captions.csv'), ['text,image', ...captions].join('\n'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const ids = ({ json }: CommandOutcome) => (json['results'] as { id: string }[]).map(({ id }) => id)

/** The running statistics of a network, which only training moves. */
async function statistics(path: string): Promise<Map<string, unknown>> {
  const { tensors } = readSafetensors(await readFile(path), path)
  return new Map([...tensors].filter(([name]) => /running_(mean|var)$/.test(name)).map(([name, { data }]) => [name, data]))
}

describe('ms and pictures', () => {
  it('encodes a folder, and names what it cannot read', async () => {
    const { code, json, notes } = await ms(encode as never, '--model', at('network'), '--input', at('data'), '--output', at('all.npy'))
    expect([code, json]).toMatchObject([0, { count: 16, skipped: [expect.any(String)], dim: 8 }])
    expect(notes).toContain('broken.png')
    expect((await readFile(at('all.ids.txt'), 'utf8')).split('\n').slice(0, 2)).toEqual(['bar/blue.svg', 'bar/green.svg'])
    const strict = ms(encode as never, '--model', at('network'), '--input', at('data'), '--output', at('strict.npy'), '--strict')
    await expect(strict).rejects.toMatchObject({ code: expect.stringMatching(/^picture\./) })
  })

  it('takes a picture of a list for no empty text', async () => {
    await writeFile(at('list.jsonl'), '{"_id":"p0","image":"data/bar/blue.svg"}\n')
    const encoded = ms(encode as never, '--input', at('list.jsonl'), '--output', at('list.npy'))
    await expect(encoded).rejects.toMatchObject({ code: 'encoder.modality', message: expect.stringContaining('p0') })
  })

  it('indexes a folder; pictures find pictures, and words find them by the names of their folders', async () => {
    const created = await ms(
      indexCommand as never,
      'create',
      '--collection',
      at('drawings'),
      '--model',
      at('network'),
      '--input',
      at('data'),
    )
    expect(created.json).toMatchObject({ documents: 16, dim: 8 })
    const query = at('data', 'circle', 'red.svg')
    expect(ids(await ms(searchCommand as never, '--collection', at('drawings'), '--image', query))[0]).toBe('circle/red.svg')
    expect(ids(await ms(searchCommand as never, '--collection', at('drawings'), '--like', 'circle/red.svg'))).not.toContain(
      'circle/red.svg',
    )
    const words = ids(await ms(searchCommand as never, '--collection', at('drawings'), 'teal bar'))
    expect(words[0]).toBe('bar/teal.svg')
    const both = ms(searchCommand as never, '--collection', at('drawings'), 'teal', '--image', query)
    await expect(both).rejects.toMatchObject({ code: 'cli.usage' })
  })

  it('fits a head in closed form on a folder a class, which finds more of each class', async () => {
    const before = await ms(evaluateCommand as never, '--model', at('network'), '--data', at('data'))
    const trained = await ms(
      trainCommand as never,
      '--model',
      at('network'),
      '--data',
      at('data'),
      '--out',
      at('run'),
      '--head',
      'lda',
      '--batch-norm',
      'batch',
    )
    expect(trained.json).toMatchObject({ model: join(at('run'), 'model') })
    const record = JSON.parse(await readFile(at('run', 'run.json'), 'utf8'))
    expect(record).toMatchObject({ state: 'done', head: 'only' })
    const weights = await Promise.all(['network', join('run', 'model')].map(async (path) => statistics(at(path, 'model.safetensors'))))
    expect(weights[1]).toEqual(weights[0])
    // Dev chooses, and what it said is told.
    expect(trained.notes).toMatch(/head, by shrinkage: dev ndcg@10 .* without, .* with 0\.1, .* with 10; kept with /)
    const { before: without, tried, shrinkage } = trained.json['head'] as NonNullable<HeadedModel['chosen']>
    const kept = tried.find((each) => each.shrinkage === shrinkage)?.metrics['ndcg@10']
    expect(kept).toBe(Math.max(without['ndcg@10'], ...tried.map(({ metrics }) => metrics['ndcg@10'])))
    expect(trained.json['dev']).toMatchObject({ 'ndcg@10': kept })
    expect(record).toMatchObject({ chosenHead: { shrinkage } })
    const after = await ms(evaluateCommand as never, '--model', at('run'), '--data', at('data'))
    const score = ({ json }: CommandOutcome) => (json['metrics'] as Record<string, number>)['map@r']
    expect(score(after)).toBeGreaterThan(score(before))
  })

  it('keeps no head with which dev is worse, and takes the shrinkage that is given', async () => {
    // All drawings of a colour as one class: what tells shapes apart is then what varies within classes.
    const lines = Object.keys(shapes).flatMap((shape) => colours.map((colour) => `data/${shape}/${colour}.svg,${colour}`))
    await writeFile(at('colours.csv'), ['image,label', ...lines].join('\n'))
    const run = ['--model', at('network'), '--data', at('colours.csv'), '--head', 'lda', '--eval', at('shapes')]
    const judged = colours.slice(1).map((colour) => `q\t${colour}\t1\n`)
    await mkdir(at('shapes', 'qrels'), { recursive: true })
    for (const colour of colours) await writeFile(at('shapes', `${colour}.svg`), svg(shapes.circle(colour)))
    for (const colour of colours) await writeFile(at('shapes', `bar-${colour}.svg`), svg(shapes.bar(colour)))
    const corpus = [...colours.slice(1), ...colours.slice(1).map((colour) => `bar-${colour}`)]
    await writeFile(at('shapes', 'corpus.jsonl'), corpus.map((id) => `${JSON.stringify({ _id: id, image: `${id}.svg` })}\n`).join(''))
    await writeFile(at('shapes', 'queries.jsonl'), JSON.stringify({ _id: 'q', image: `${colours[0]}.svg` }))
    await writeFile(at('shapes', 'qrels', 'dev.tsv'), `query-id\tcorpus-id\tscore\n${judged.join('')}`)
    const { json, notes } = await ms(trainCommand as never, ...run, '--shrinkage', '0.01', '--out', at('shaped'))
    const head = json['head'] as NonNullable<HeadedModel['chosen']>
    expect(head.tried.map(({ shrinkage }) => shrinkage)).toEqual([0.01])
    expect(head.tried[0].metrics['ndcg@10']).toBeLessThan(head.before['ndcg@10'])
    expect(head.shrinkage).toBeUndefined()
    expect(notes).toContain('none is kept')
    expect(json).toMatchObject({ bestStep: 0, dev: head.before })
    const alone = ms(
      trainCommand as never,
      ...run.filter((word) => word !== '--head' && word !== 'lda'),
      '--shrinkage',
      '1',
      '--out',
      at('no'),
    )
    await expect(alone).rejects.toMatchObject({ code: 'cli.usage' })
  })

  it('leaves out pictures that are broken or not there, in training and in measuring, and stops at them when strict', async () => {
    await mkdir(at('data', 'empty'), { recursive: true })
    const run = ['--model', at('network'), '--data', at('data')]
    const trained = await ms(trainCommand as never, ...run, '--out', at('broken'), '--head', 'lda')
    expect(trained.notes).toContain('broken.png')
    expect(trained.notes).toContain('1 of 17 pictures cannot be read')
    expect(trained.notes).toMatch(/data\.empty-class.*empty/)
    expect((await ms(evaluateCommand as never, ...run)).notes).toContain('1 of 17 pictures')
    const picture = { code: expect.stringMatching(/^picture\./) }
    await expect(ms(evaluateCommand as never, ...run, '--strict')).rejects.toMatchObject(picture)
    await expect(ms(trainCommand as never, ...run, '--out', at('strict'), '--strict')).rejects.toMatchObject(picture)

    // The same of BEIR data whose documents are pictures, and of a list that names them.
    const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    const judged = (ids: readonly string[]) => `query-id\tcorpus-id\tscore\n${ids.map((id) => `q-${id}\t${id}\t1\n`).join('')}`
    await mkdir(at('beir', 'qrels'), { recursive: true })
    for (const colour of colours) await writeFile(at('beir', `${colour}.svg`), svg(shapes.circle(colour)))
    const named = [...colours, 'nowhere']
    await writeFile(at('beir', 'corpus.jsonl'), lines(named.map((colour) => ({ _id: colour, image: `${colour}.svg` }))))
    await writeFile(at('beir', 'queries.jsonl'), lines(named.map((colour) => ({ _id: `q-${colour}`, image: `${colour}.svg` }))))
    await writeFile(at('beir', 'qrels', 'test.tsv'), judged(named))
    const measured = await ms(evaluateCommand as never, '--model', at('network'), '--data', at('beir'))
    expect(measured.json).toMatchObject({ queries: colours.length, metrics: { 'mrr@10': 1 } })
    expect(measured.notes).toContain('nowhere.svg')
    await writeFile(at('beir', 'metadata.jsonl'), lines(named.map((colour) => ({ file_name: `${colour}.svg`, label: 'round' }))))
    await rm(at('beir', 'corpus.jsonl'))
    const listed = await ms(evaluateCommand as never, '--model', at('network'), '--data', at('beir'), '--split', 'train')
    expect(listed.notes).toContain('1 of 9 pictures')
    await rm(at('data', 'empty'), { recursive: true })
  })

  it('trains on labels, with losses that compare classes', async () => {
    const run = [
      '--model',
      at('network'),
      '--data',
      at('data'),
      '--epochs',
      '2',
      '--batch-size',
      '8',
      '--lr',
      '0.01',
      '--augment',
      'standard',
    ]
    const { json } = await ms(trainCommand as never, ...run, '--out', at('supcon'), '--loss', 'supcon', '--batch-norm', 'batch')
    expect(json['steps']).toBeGreaterThan(0)
    const mixed = await ms(trainCommand as never, ...run, '--out', at('mixed'), '--loss', 'supcon', '--batch-norm', 'batch', '--mixup', '1')
    expect(mixed.json['lossDiff']).not.toBe(json['lossDiff'])
    await expect(ms(trainCommand as never, ...run, '--out', at('pairs'), '--loss', 'mnr')).rejects.toMatchObject({ code: 'cli.usage' })
    const words = ms(trainCommand as never, '--model', 'ms-mini-text', '--data', at('data'), '--out', at('words'))
    await expect(words).rejects.toMatchObject({ code: 'encoder.modality' })
  })

  it('takes ms-mini-image for pictures where no model is named', async () => {
    const measured = await ms(evaluateCommand as never, '--data', at('data'))
    expect(measured.json).toMatchObject({ model: 'ms-mini-image' })
    await ms(trainCommand as never, '--data', at('data'), '--out', at('unnamed'), '--head', 'lda')
    expect(JSON.parse(await readFile(at('unnamed', 'run.json'), 'utf8'))).toMatchObject({ model: 'ms-mini-image' })
    await ms(compareCommand as never, '--tuned', at('unnamed'), '--data', at('data'), '--html', at('page.html'))
    expect(await readFile(at('page.html'), 'utf8')).toContain('against ms-mini-image')
    const collection = ['--collection', at('unnamed-drawings')]
    await ms(indexCommand as never, 'create', ...collection, '--input', at('data'))
    expect((await ms(indexCommand as never, 'status', ...collection)).json).toMatchObject({ model: 'ms-mini-image' })
  })

  it('takes neither built-in model for texts and pictures together, and says what would', async () => {
    await mkdir(at('together', 'qrels'), { recursive: true })
    await writeFile(at('together', 'red.svg'), svg(shapes.bar('red')))
    const write = async (query: object, ...documents: readonly object[]) => {
      await writeFile(at('together', 'queries.jsonl'), JSON.stringify({ _id: 'q', ...query }))
      await writeFile(at('together', 'corpus.jsonl'), documents.map((each, i) => JSON.stringify({ _id: `d${i}`, ...each })).join('\n'))
      await writeFile(at('together', 'qrels', 'test.tsv'), 'query-id\tcorpus-id\tscore\nq\td0\t1\n')
    }
    const measure = () => ms(evaluateCommand as never, '--data', at('together'))
    await write({ text: 'a red bar' }, { image: 'red.svg' })
    await expect(measure()).rejects.toMatchObject({ code: 'cli.usage', advice: expect.stringContaining('CLIP') })
    await writeFile(at('red.csv'), 'text,image\na red bar,together/red.svg\nred,together/red.svg\n')
    const trained = ms(trainCommand as never, '--data', at('red.csv'), '--out', at('never'))
    await expect(trained).rejects.toMatchObject({ code: 'cli.usage', advice: expect.stringContaining('--image-model ms-mini-image') })
    const indexed = ms(indexCommand as never, 'create', '--collection', at('never'), '--input', at('together', 'corpus.jsonl'))
    await expect(indexed).resolves.toMatchObject({ code: 0 })
    await write({ text: 'a red bar' }, { image: 'red.svg' }, { text: 'a bar that is red' })
    const both = ms(indexCommand as never, 'create', '--collection', at('never-both'), '--input', at('together', 'corpus.jsonl'))
    await expect(both).rejects.toMatchObject({ code: 'cli.usage' })
    // What has words and a picture is asked for by words; where a picture asks, by its picture.
    await write({ text: 'a red bar' }, { image: 'red.svg', text: 'a red bar' })
    expect((await measure()).json).toMatchObject({ model: 'ms-mini-text' })
    await write({ image: 'red.svg' }, { image: 'red.svg', text: 'a red bar' })
    expect((await measure()).json).toMatchObject({ model: 'ms-mini-image' })
  })

  it('names classes of one picture and such that differ by case, and trains on what there is', async () => {
    const drawn = { Cat: ['red', 'green', 'blue'], cat: ['teal', 'navy', 'olive'], lonely: ['orange'] }
    for (const [label, tints] of Object.entries(drawn)) {
      await mkdir(at('labels', label), { recursive: true })
      for (const colour of tints) await writeFile(at('labels', label, `${colour}.svg`), svg(shapes.circle(colour)))
    }
    const run = ['--model', at('network'), '--data', at('labels'), '--epochs', '1', '--batch-size', '8', '--lr', '0.01']
    for (const loss of ['supcon', 'batch-hard-triplet', 'cross-entropy']) {
      const { json, notes } = await ms(trainCommand as never, ...run, '--out', at(`labels-${loss}`), '--loss', loss)
      expect(json['steps'], loss).toBeGreaterThan(0)
      expect(notes).toMatch(/data\.single-item-class.*lonely/)
      expect(notes).toMatch(/data\.labels-case.*Cat \/ cat/)
    }
  })

  it('says that classes of one picture each tell nothing', async () => {
    for (const colour of colours) {
      await mkdir(at('single', colour), { recursive: true })
      await writeFile(at('single', colour, 'a.svg'), svg(shapes.circle(colour)))
    }
    const run = ['--model', at('network'), '--data', at('single')]
    await expect(ms(trainCommand as never, ...run, '--out', at('none'), '--head', 'lda')).rejects.toMatchObject({ code: 'lda.classes' })
    for (const loss of ['supcon', 'batch-hard-triplet']) {
      const trained = ms(trainCommand as never, ...run, '--out', at('none'), '--loss', loss, '--epochs', '1')
      await expect(trained, loss).rejects.toMatchObject({ code: 'train.no-examples' })
    }
    await expect(ms(evaluateCommand as never, ...run)).rejects.toMatchObject({
      code: 'data.split',
      advice: expect.stringContaining('two items'),
    })
  })

  it('brings a model of texts and one of pictures into one space, where words find pictures', async () => {
    const models = ['--image-model', at('network'), '--dim', '16', '--data', at('captions.csv')]
    const trained = await ms(trainCommand as never, ...models, '--out', at('both'), '--batch-size', '8', '--lr', '0.01')
    expect(JSON.parse(await readFile(at('both', 'run.json'), 'utf8'))).toMatchObject({
      model: `ms-mini-text + ${at('network')}`,
      loss: expect.stringContaining('symmetric'),
      settings: { freeze: ['anchor/embedding.*', 'positive/conv1.*', 'positive/bn1.*', 'positive/layer1.*'] },
    })
    expect(trained.notes).toMatch(/epoch 40\/40/)
    // What came with the models is as it was.
    const network = async (path: string) => {
      const { tensors } = readSafetensors(await readFile(path), path)
      return new Map([...tensors].map(([name, { data }]) => [name, data]))
    }
    const [given, kept] = [
      await network(at('network', 'model.safetensors')),
      await network(at('both', 'model', 'image', 'model.safetensors')),
    ]
    for (const [name, data] of kept) expect(data, name).toEqual(given.get(name))

    const collection = ['--collection', at('both-drawings')]
    await ms(indexCommand as never, 'create', ...collection, '--model', at('both'), '--input', at('data'))
    const firsts = await Promise.all(
      captions.map(async (line) => {
        const [text, picture] = line.split(',')
        const found = await ms(searchCommand as never, ...collection, '--mode', 'dense', '--k', '3', text)
        return ids(found).includes(picture.replace('data/', ''))
      }),
    )
    // By chance 3 of 16, that is 3.
    expect(firsts.filter(Boolean).length).toBeGreaterThanOrEqual(9)
    await writeFile(at('words.txt'), 'a red bar\n')
    const vectors = await ms(encode as never, '--model', at('both'), '--input', at('words.txt'), '--output', at('words.npy'))
    expect(vectors.json).toMatchObject({ count: 1, dim: 16 })
    const measured = await ms(evaluateCommand as never, '--model', at('both'), '--data', at('captions.csv'), '--split', 'train')
    expect((measured.json['metrics'] as Record<string, number>)['recall@10']).toBeGreaterThan(0.8)
  })

  it('searches pictures by words with a CLIP directory as it is', async () => {
    const clip = fileURLToPath(new URL('../../embed/golden/tiny-clip', import.meta.url))
    const collection = ['--collection', at('clip')]
    const created = await ms(indexCommand as never, 'create', ...collection, '--model', clip, '--input', clip)
    expect(created.json).toMatchObject({ documents: 2, dim: 10 })
    const expected: { text: number[][]; image: number[][]; pictures: string[] } = JSON.parse(
      await readFile(join(clip, 'expected.json'), 'utf8'),
    )
    const cosine = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.hypot(...a) / Math.hypot(...b)
    const scores = expected.image.map((picture) => cosine(expected.text[0], picture))
    const found = await ms(searchCommand as never, ...collection, '--mode', 'dense', 'a red heart')
    const results = found.json['results'] as { id: string; score: number }[]
    expect(results[0].id).toBe(expected.pictures[scores.indexOf(Math.max(...scores))])
    expect(results[0].score).toBeCloseTo(Math.max(...scores), 4)
  })

  it('says what two models need', async () => {
    const out = ['--out', at('never')]
    const labelled = ms(trainCommand as never, '--image-model', at('network'), '--data', at('data'), ...out)
    await expect(labelled).rejects.toMatchObject({ code: 'cli.usage' })
    const twice = ms(trainCommand as never, '--model', at('network'), '--image-model', at('network'), '--data', at('captions.csv'), ...out)
    await expect(twice).rejects.toMatchObject({ code: 'encoder.modality' })
    await expect(ms(trainCommand as never, '--dim', '8', '--data', at('captions.csv'), ...out)).rejects.toMatchObject({ code: 'cli.usage' })
  })
})
